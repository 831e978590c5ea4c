import { buffer } from 'node:stream/consumers'
import { PassThrough } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { wantsGzip, writeGzip } from '../../src/http/compress.ts'

const far = { bytes: 200_000, remoteAddress: '192.0.2.7' }

it('compresses large answers for clients of other machines that take gzip', () => {
  expect(wantsGzip('gzip', far)).toBe(true)
  expect(wantsGzip('deflate, gzip;q=0.5', far)).toBe(true)
  expect(wantsGzip('gzip;q=0', far)).toBe(false)
  expect(wantsGzip('identity', far)).toBe(false)
  expect(wantsGzip(undefined, far)).toBe(false)
  expect(wantsGzip('gzip', { ...far, bytes: 100_000 })).toBe(false)
  for (const remoteAddress of ['127.0.0.1', '127.4.0.9', '::1', '::ffff:127.0.0.1'])
    expect(wantsGzip('gzip', { ...far, remoteAddress })).toBe(false)
})

it('compresses in members that make one stream', async () => {
  const parts = Array.from({ length: 3000 }, (_, n) => Buffer.from(`${n}:${'x'.repeat(n % 2000)};`))
  const out = new PassThrough()
  const sent = buffer(out)
  await writeGzip(out, parts)
  expect(gunzipSync(await sent).equals(Buffer.concat(parts))).toBe(true)
})
