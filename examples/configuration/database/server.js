// Stands for a database: tells its name to whoever knows the password.
import { createServer } from 'node:http'

const { DATABASE_NAME = 'unnamed', DATABASE_PASSWORD = '', PORT = '8080' } = process.env

createServer((request, response) => {
  if (request.headers.authorization !== `Bearer ${DATABASE_PASSWORD}`) response.writeHead(401).end('wrong password\n')
  else response.end(`${DATABASE_NAME}\n`)
}).listen(Number(PORT))

process.on('SIGTERM', () => process.exit(0))
