// Generates packages/api/src/generated: the schemas and interfaces of the built-in kinds from the Go modules, and, with
// --discovery, the table of resources from the discovery documents of a kube-apiserver started without flags that
// enable more (GET /api and /apis as APIGroupDiscoveryList).
//
// usage: node scripts/generate-api/index.ts [--discovery API.json APIS.json]

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { generate } from './generate.ts'
import { resourcesSource, type DiscoveryList } from './resources.ts'

const target = join(import.meta.dirname, '../../packages/api/src/generated')

if (process.argv[2] === '--discovery') {
  const documents = process.argv.slice(3).map((file) => JSON.parse(readFileSync(file, 'utf8')) as DiscoveryList)
  writeFileSync(join(target, 'resources.ts'), resourcesSource(documents))
}
for (const [name, source] of Object.entries(generate())) writeFileSync(join(target, name), source)
