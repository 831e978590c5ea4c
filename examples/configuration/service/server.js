// A stateless service: where its database is and how to log in come from outside (a ConfigMap file and a Secret).
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'

const { PORT = '8080', DATABASE_PASSWORD = '', GREETING = 'hello' } = process.env
const configuration = JSON.parse(readFileSync(process.env.CONFIG_FILE ?? '/etc/service/config.json', 'utf8'))

createServer(async (_request, response) => {
  try {
    const answer = await fetch(configuration.database, { headers: { authorization: `Bearer ${DATABASE_PASSWORD}` } })
    response.end(`${GREETING} from ${(await answer.text()).trim()}\n`)
  } catch (error) {
    response.writeHead(502).end(`the database does not answer: ${error.cause?.message ?? error.message}\n`)
  }
}).listen(Number(PORT))

process.on('SIGTERM', () => process.exit(0))
