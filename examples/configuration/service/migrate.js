// The admin process: the same image and configuration as the service, run once.
import { readFileSync } from 'node:fs'

const configuration = JSON.parse(readFileSync(process.env.CONFIG_FILE ?? '/etc/service/config.json', 'utf8'))
console.log(`migrated ${configuration.database}`)
