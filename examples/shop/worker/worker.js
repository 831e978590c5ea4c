// Takes orders from the cache and packs them.
const { CACHE_URL = 'http://cache:8080', PACKING_MS = '300' } = process.env

const stopping = new AbortController()
process.on('SIGTERM', () => stopping.abort())
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

console.log('worker is ready')
while (!stopping.signal.aborted) {
  try {
    const order = await (await fetch(`${CACHE_URL}/orders`, { method: 'DELETE' })).json()
    if (order === null) {
      await pause(500)
      continue
    }
    await pause(Number(PACKING_MS))
    await fetch(`${CACHE_URL}/packed`, {
      method: 'POST',
      body: JSON.stringify({ ...order, packedBy: process.env.HOSTNAME }),
    })
    console.log(`packed ${order.id}: ${order.product}`)
  } catch (error) {
    console.error(`the cache does not answer: ${error.message}`)
    await pause(1000)
  }
}
