// The data plane alone, in front of the port given first; `on` as the second argument: with the figures of traffic.
// Prints its port, and at the end of standard input its CPU time in milliseconds.

import { DataPlane } from '../../packages/network/src/data-plane.ts'

const [port = '', measured] = process.argv.slice(2)
const plane = new DataPlane(
  (report) => {
    if (report.type === 'listening') console.log(report.port)
    if (report.type === 'whose') plane.command({ type: 'whose', question: report.question, answer: {} })
  },
  measured === 'on' ? { marker: 'BINNACLE_CONTAINER' } : {},
)
plane.command({
  type: 'configure',
  set: [
    {
      id: 'bench',
      service: { namespace: 'default', name: 'bench', port: 80 },
      address: '127.0.0.1',
      port: 0,
      protocol: 'TCP',
      backends: [{ address: '127.0.0.1', port: Number(port) }],
      fallback: false,
    },
  ],
  remove: [],
})
// As the Canvas does while it is open.
if (measured === 'on') setInterval(() => plane.command({ type: 'traffic' }), 1000)

process.stdin.resume().on('end', () => {
  const { user, system } = process.cpuUsage()
  console.log((user + system) / 1000)
  process.exit()
})
