import { deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { bytesField, exifBlock, numberField } from '../../src/image/exif.ts'
import { factsOfPng } from '../../src/image/header.ts'
import { inspect } from '../../src/image/inspect.ts'
import { chunk } from '../../src/image/png.ts'
import { probe } from '../../src/image/probe.ts'
import fc from '../property.ts'
import { curv, grayProfile, rgbProfile } from './icc.ts'

const blank = (space: 'b-w' | 'srgb') =>
  sharp({ create: { width: 3, height: 5, channels: 3, background: 'red' } })
    .toColourspace(space)
    .png()
    .toBuffer()
const pictures = { gray: await blank('b-w'), colour: await blank('srgb') }
const profiles = { gray: grayProfile(curv(2)), colour: rgbProfile(curv(2)) }

/** A PNG with chunks after its IHDR. */
const withChunks = (png: Buffer, ...chunks: readonly Uint8Array[]) =>
  Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)])
const iccp = (profile: Uint8Array, name = 'ICC profile', method = 0) =>
  chunk('iCCP', Buffer.concat([Buffer.from(`${name}\0`, 'latin1'), Buffer.of(method), deflateSync(profile)]))
const exif = (...fields: Parameters<typeof numberField>[]) =>
  exifBlock({
    fields: [...fields.map((one) => numberField(...one)), bytesField(305, Buffer.from('test\0'), 2)],
    below: new Map(),
  })

/** An EXIF block with an orientation, the high byte first. */
const bigEndian = (side: number) =>
  Buffer.from([0x4d, 0x4d, 0, 42, 0, 0, 0, 8, 0, 1, 1, 18, 0, 3, 0, 0, 0, 1, 0, side, 0, 0, 0, 0, 0, 0])

const factsOf = (png: Buffer) => {
  const probed = probe(png, 'a.png')
  return factsOfPng(probed.png, inspect(png, probed, 'a.png', 1e6))
}

/** Compares the facts of a PNG with those of the decoder. Returns whether they were found without it. */
async function compared(png: Buffer): Promise<boolean> {
  const own = factsOf(png)
  if (own === undefined) return false
  const { orientation = 1, icc, exif: block, ...rest } = await sharp(png, { failOn: 'warning' }).metadata()
  const bare = block?.subarray(block.toString('latin1', 0, 4) === 'Exif' ? 6 : 0)
  expect({ ...rest, orientation, ...(icc && { icc }), ...(bare && { exif: bare }) }).toMatchObject(own)
  return true
}

describe('the facts of a PNG', () => {
  it('with a profile, an EXIF block and every orientation are found without the decoder', async () => {
    for (const space of ['gray', 'colour'] as const) {
      expect(await compared(withChunks(pictures[space], iccp(profiles[space])))).toBe(true)
      for (let side = 1; side <= 8; side++)
        expect(await compared(withChunks(pictures[space], chunk('eXIf', exif([274, 3, side]))))).toBe(true)
    }
    expect(await compared(withChunks(pictures.colour, chunk('eXIf', exif())))).toBe(true)
    expect(await compared(withChunks(pictures.colour, chunk('eXIf', bigEndian(6))))).toBe(true)
  })

  it.each<[string, Uint8Array[]]>([
    ['a profile of another colour space', [iccp(profiles.gray)]],
    ['an unknown method of packing', [iccp(profiles.colour, 'a', 1)]],
    ['a profile cut short', [iccp(profiles.colour.subarray(0, -4))]],
    ['an sRGB chunk beside a profile', [chunk('sRGB', Uint8Array.of(0)), iccp(profiles.colour)]],
    [
      'a profile that is not packed',
      [chunk('iCCP', Buffer.concat([Buffer.from('a\0\x01'), profiles.colour]))],
    ],
    [
      'an EXIF block of no byte order',
      [chunk('eXIf', Buffer.concat([Buffer.from('XM'), bigEndian(6).subarray(2)]))],
    ],
    ['an orientation of 32 bits', [chunk('eXIf', exif([274, 4, 6]))]],
    ['an orientation that does not exist', [chunk('eXIf', exif([274, 3, 9]))]],
    ['the marker of a JPEG before EXIF', [chunk('eXIf', Buffer.concat([Buffer.from('Exif\0\0'), exif()]))]],
  ])('%s is left to the decoder', (_, chunks) => {
    expect(factsOf(withChunks(pictures.colour, ...chunks))).toBeUndefined()
  })

  it('agree with the decoder whatever is changed in profile and EXIF', async () => {
    const byte = fc.tuple(fc.nat(255), fc.nat(255))
    const changes = fc.array(byte, { maxLength: 2 })
    let found = 0
    await fc.assert(
      fc.asyncProperty(changes, changes, fc.integer({ min: 1, max: 8 }), async (inProfile, inBlock, side) => {
        const profile = Buffer.from(profiles.colour)
        for (const [at, value] of inProfile) profile[at % profile.length] = value
        const block = Buffer.from(exif([274, 3, side]))
        for (const [at, value] of inBlock) block[at % block.length] = value
        const png = withChunks(pictures.colour, iccp(profile), chunk('eXIf', block))
        if (await compared(png)) found++
      }),
      { numRuns: 300 },
    )
    expect(found).toBeGreaterThan(50)
  })
})
