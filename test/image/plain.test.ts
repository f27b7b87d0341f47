import { describe, expect, it } from 'vitest'
import { decode } from '../../src/image/decode.ts'
import { encode } from '../../src/image/encode.ts'
import type { OutputFormat } from '../../src/image/format.ts'
import { failure, noise, picture } from './pictures.ts'

const options = { maxPixels: 1e6, orient: true, name: 'x' }
const latin1 = (text: string) => Buffer.from(text, 'latin1')
const read = async (bytes: Uint8Array) => {
  const { kind, width, height, channels, depth, data } = await decode(bytes, options)
  return { kind, size: [width, height, channels, depth], data: [...data] }
}
const back = async (one: Parameters<typeof encode>[0], format: OutputFormat) =>
  decode((await encode(one, format)).bytes, options)

describe('formats that are samples behind a header', () => {
  it.each([
    ['bmp', 8, [1, 3, 4]],
    ['pnm', 8, [1, 3]],
    ['pnm', 16, [1, 3]],
    ['ppm', 8, [3]],
    ['ppm', 16, [3]],
    ['pgm', 8, [1]],
    ['pgm', 16, [1]],
    ['pam', 8, [1, 2, 3, 4]],
    ['pam', 16, [1, 2, 3, 4]],
  ] as const)('%s gives back every sample of %i bits', async (format, depth, shapes) => {
    for (const channels of shapes) {
      for (const width of [1, 2, 3, 5, 8, 17]) {
        const one = picture(width, 4, channels, depth, noise)
        const got = await back(one, format)
        expect([got.width, got.height, got.channels, got.depth]).toEqual([width, 4, channels, depth])
        expect(got.data).toEqual(one.data)
      }
    }
  })

  it('pfm gives back every float, and white is 1', async () => {
    const data = Float32Array.of(0, 1, -3.5, 1e9, Number.POSITIVE_INFINITY, 0.1)
    const got = await back({ ...picture(1, 2, 3, 8, noise), depth: 32, full: 1, data }, 'pfm')
    expect([got.data, got.full]).toEqual([data, 1])
    const levels = await back(
      { ...picture(1, 2, 3, 8, noise), depth: 32, full: 255, data: Float32Array.of(0, 255, 51, 0, 0, 0) },
      'pfm',
    )
    expect([...levels.data]).toEqual([0, 1, Math.fround(0.2), 0, 0, 0])
  })

  it('pbm holds black and white', async () => {
    const one = picture(11, 3, 1, 8, (i) => (i % 3 === 0 ? 255 : 0))
    expect((await back(one, 'pbm')).data).toEqual(one.data)
  })

  it('what they do not hold is refused', async () => {
    const rgb = picture(2, 2, 3, 8, noise)
    expect((await failure('E_OUTPUT', () => encode(rgb, 'pgm'))).message).toBe(
      'pgm stores only gray, and the picture has colours',
    )
    await failure('E_OUTPUT', () =>
      encode(
        picture(2, 2, 4, 8, () => 9),
        'ppm',
      ),
    )
  })
})

describe('Netpbm', () => {
  it.each([
    ['P1 3 2 101\n0 1 0', [3, 2, 1, 8], [0, 255, 0, 255, 0, 255]],
    ['P2\n# a comment\n2 1\n255\n7 250', [2, 1, 1, 8], [7, 250]],
    ['P2 2 1 15 0 15', [2, 1, 1, 8], [0, 255]],
    ['P5\n2#wide\n1\n255\n\x07\x08', [2, 1, 1, 8], [7, 8]],
    ['P2 2 1 1023 0 1023', [2, 1, 1, 16], [0, 65535]],
    ['P3 1 1 255 1 2 3', [1, 1, 3, 8], [1, 2, 3]],
    ['P4 9 1\n\x80\x80', [9, 1, 1, 8], [0, 255, 255, 255, 255, 255, 255, 255, 0]],
    ['P5 2 1 100\n\x00\x64', [2, 1, 1, 8], [0, 255]],
    ['P5 1 1 4095\n\x0f\xff', [1, 1, 1, 16], [65535]],
    ['P6 1 1 255 \x01\x02\x03', [1, 1, 3, 8], [1, 2, 3]],
    [
      'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 2\nMAXVAL 255\nTUPLTYPE GRAYSCALE_ALPHA\nENDHDR\n\x05\x80',
      [1, 1, 2, 8],
      [5, 128],
    ],
    [
      'P7\n#c\nWIDTH 1\nTUPLTYPE RGB\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nTUPLTYPE of any words\n\nENDHDR\n\x05\x80\x07',
      [1, 1, 3, 8],
      [5, 128, 7],
    ],
  ] as const)('reads %j', async (text, size, data) => {
    expect(await read(latin1(text))).toEqual({ kind: 'pnm', size, data })
  })

  it.each([
    ['P5 2', 'the file ends inside the header'],
    ['P5 x 1 255\n', 'the width must be a whole number from 1 to 2147483647, got "x"'],
    ['P5 1 1 70000\n', 'the largest value must be'],
    ['P5 3 3 255\n1234', 'the file ends after 15 bytes, and 20 are needed'],
    ['P5 1 1 100\n\xff', 'a sample is 255, and the largest value 100'],
    ['P2 2 1 255 1', 'expected sample 2 of 2'],
    ['P2 1 1 255 999', 'a sample is 999'],
    ['P7\nWIDTH 1\nENDHDR\n', 'the header has no HEIGHT'],
    ['P7\nCOLOUR 1\nENDHDR\n', '"COLOUR" is not a line of its header'],
    ['PF 1 1 0\n', 'the scale must be a number other than 0'],
    ['PF 1 1 -1\nabc', 'the file ends after 13 bytes, and 22 are needed'],
  ])('refuses %j', async (text, why) => {
    expect((await failure('E_DECODE', () => decode(latin1(text), options))).why.join()).toContain(why)
  })

  it('of many pixels is refused before room is made for them', async () => {
    await failure('E_TOO_LARGE', () => decode(latin1('P5 100000 100000 255\n'), options))
  })

  it('of several pictures says that the first was read', async () => {
    const notes = async (text: string) => (await decode(latin1(text), options)).notes
    const more = ['not read from x: pictures after the first']
    expect(await notes('P5 1 1 255\n\x07P5 1 1 255\n\x08')).toEqual(more)
    expect(await notes('P5 1 1 255\n\x07\n \nP5 1 1 255\n\x08')).toEqual(more)
    expect(await notes('P2 1 1 255\n7 # P2 in a comment\nP2 1 1 255\n8\n')).toEqual(more)
    expect(await notes('P1 2 1 1#P1 P1\n0 #\n')).toEqual([])
  })

  it('says how samples of another type were read', async () => {
    const head = 'P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE'
    expect((await decode(latin1(`${head} CMYK\nENDHDR\n1234`), options)).asRead).toEqual([
      'samples of the type "CMYK" of x were read as RGB_ALPHA',
    ])
    expect((await decode(latin1(`${head} RGB_ALPHA\nENDHDR\n1234`), options)).asRead).toEqual([])
  })

  it('PFM has its rows from the bottom up, in either order of bytes', async () => {
    const bytes = (scale: string, little: boolean) => {
      const body = Buffer.alloc(8)
      for (const [i, v] of [1, 2].entries())
        little ? body.writeFloatLE(v, i * 4) : body.writeFloatBE(v, i * 4)
      return Buffer.concat([latin1(`Pf\n1 2\n${scale}\n`), body])
    }
    for (const one of [bytes('-1.0', true), bytes('1.0', false)])
      expect((await read(one)).data).toEqual([2, 1])
    expect((await decode(bytes('-2.5', true), options)).asRead).toEqual([
      'the scale 2.5 of x was not applied',
    ])
  })
})

/** Makes a BMP with a header of 40 bytes, with rows from the bottom up. */
function bmp(
  [width, height, bits, compression]: readonly [number, number, number, number],
  behind: readonly number[],
  samples: readonly number[],
  head = 40,
): Buffer {
  const header = Buffer.alloc(14 + head)
  header.write('BM')
  header.writeUInt32LE(14 + head + (head === 40 ? behind.length : 0), 10)
  header.writeUInt32LE(head, 14)
  header.writeInt32LE(width, 18)
  header.writeInt32LE(height, 22)
  header.writeUInt16LE(1, 26)
  header.writeUInt16LE(bits, 28)
  header.writeUInt32LE(compression, 30)
  if (head > 40) Buffer.from(behind).copy(header, 54)
  return Buffer.concat([header, Buffer.from(head > 40 ? [] : behind), Buffer.from(samples)])
}

describe('BMP', () => {
  const colours = [0, 0, 0, 0, 255, 0, 0, 0]
  const grays = Array.from({ length: 16 }, (_, i) => [i * 17, i * 17, i * 17, 0]).flat()

  it.each([
    [
      '1 bit with a palette',
      bmp([9, 1, 1, 0], colours, [0x80, 0x80, 0, 0]),
      [9, 1, 3, 8],
      [0, 0, 255, ...Array(21).fill(0), 0, 0, 255],
    ],
    ['4 bits of gray', bmp([3, 1, 4, 0], grays, [0x1f, 0x20, 0, 0]), [3, 1, 1, 8], [17, 255, 34]],
    [
      '24 bits, upside down',
      bmp([1, 2, 24, 0], [], [1, 2, 3, 0, 4, 5, 6, 0]),
      [1, 2, 3, 8],
      [6, 5, 4, 3, 2, 1],
    ],
    [
      '24 bits from the top',
      bmp([1, -2, 24, 0], [], [1, 2, 3, 0, 4, 5, 6, 0]),
      [1, 2, 3, 8],
      [3, 2, 1, 6, 5, 4],
    ],
    ['16 bits', bmp([1, 1, 16, 0], [], [0x1f, 0x7c, 0, 0]), [1, 1, 3, 8], [255, 0, 255]],
    [
      '16 bits in fields',
      bmp([1, 1, 16, 3], [0, 0xf8, 0, 0, 0xe0, 7, 0, 0, 0x1f, 0, 0, 0], [0xe0, 7, 0, 0]),
      [1, 1, 3, 8],
      [0, 255, 0],
    ],
    ['32 bits without alpha', bmp([1, 1, 32, 0], [], [1, 2, 3, 9]), [1, 1, 3, 8], [3, 2, 1]],
    [
      '32 bits with alpha',
      bmp([1, 1, 32, 3], [0, 0, 255, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 0, 0, 255], [1, 2, 3, 9], 56),
      [1, 1, 4, 8],
      [3, 2, 1, 9],
    ],
    [
      'runs of 8 bits',
      bmp([4, 2, 8, 1], grays, [3, 2, 0, 3, 5, 6, 7, 0, 0, 0, 0, 2, 1, 0, 1, 9, 0, 1]),
      [4, 2, 1, 8],
      [0, 153, 0, 0, 34, 34, 34, 85],
    ],
    [
      'runs of 4 bits',
      bmp([5, 1, 4, 2], grays, [3, 0x12, 0, 3, 0x34, 0x50, 0, 1]),
      [5, 1, 1, 8],
      [17, 34, 17, 51, 68],
    ],
  ] as const)('of %s is read', async (_, bytes, size, data) => {
    expect(await read(bytes)).toEqual({ kind: 'bmp', size, data })
  })

  it('notes fourth bytes that differ and are no alpha', async () => {
    const notes = async (...last: number[]) =>
      (
        await decode(bmp([2, 1, 32, 0], [], [1, 2, 3, last[0]!, 4, 5, 6, last[1]!]), {
          ...options,
          name: 'x.bmp',
        })
      ).notes
    expect([await notes(0, 0), await notes(255, 255)]).toEqual([[], []])
    expect((await notes(255, 9)).join()).toContain('fourth byte of the pixels of x.bmp was not read as alpha')
  })

  it('may be nearly empty: runs can leave out pixels, rows and the rest', async () => {
    const { data } = await read(bmp([60, 50, 8, 1], grays, [0, 2, 59, 9, 1, 1, 0, 1]))
    expect(data.flatMap((v, i) => (v === data[0] ? [] : [i]))).toEqual([40 * 60 + 59])
  })

  it('keeps its resolution', async () => {
    const one = { ...picture(2, 2, 3, 8, noise), meta: { resolution: [2835, 5906] as const } }
    expect((await back(one, 'bmp')).meta).toEqual(one.meta)
  })

  it.each([
    ['a cut header', bmp([1, 1, 24, 0], [], []).subarray(0, 20), 'the file ends inside the header'],
    ['no size', bmp([0, 1, 24, 0], [], []), 'the size is 0x1'],
    ['odd bits', bmp([1, 1, 7, 0], [], []), '7 bits with compression 0'],
    ['too few samples', bmp([9, 9, 24, 0], [], [1]), 'the file ends after 55 bytes, and 306 are needed'],
    [
      'a colour that is not there',
      bmp([1, 1, 8, 0], colours, [2, 0, 0, 0]).subarray(0),
      'a pixel has colour',
    ],
    ['runs that end', bmp([4, 2, 8, 1], grays, [3]), 'the file ends inside its runs'],
  ])('with %s is refused', async (_, bytes, why) => {
    expect((await failure('E_DECODE', () => decode(bytes, options))).why.join()).toContain(why)
  })
})

describe('Radiance HDR', () => {
  const head = '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n'
  const hdr = (size: string, ...bytes: number[]) =>
    Buffer.concat([latin1(`${head}${size}\n`), Buffer.from(bytes)])

  it('is read plain, in runs of pixels, and in runs of bytes', async () => {
    // 128 · 2^(129 − 136) is 1
    expect((await read(hdr('-Y 1 +X 1', 128, 64, 0, 129))).data).toEqual([1, 0.5, 0])
    expect((await read(hdr('-Y 1 +X 3', 128, 64, 0, 129, 1, 1, 1, 2))).data).toEqual([
      1, 0.5, 0, 1, 0.5, 0, 1, 0.5, 0,
    ])
    const runs = [2, 2, 0, 8, 136, 128, 8, 1, 2, 3, 4, 5, 6, 7, 8, 136, 0, 136, 136]
    const { data, size } = await read(hdr('-Y 1 +X 8', ...runs))
    expect(size).toEqual([8, 1, 3, 32])
    expect(data).toEqual(Array.from({ length: 8 }, (_, i) => [128, i + 1, 0]).flat())
  })

  it('may be a few bytes for a flat row of any width', async () => {
    const { data } = await read(hdr('-Y 1 +X 65281', 128, 64, 0, 129, 1, 1, 1, 0, 1, 1, 1, 255))
    expect(data).toEqual(Array.from({ length: 65281 }, () => [1, 0.5, 0]).flat())
  })

  it('is turned as its size says', async () => {
    expect((await read(hdr('+Y 2 +X 1', 128, 0, 0, 129, 64, 0, 0, 129))).data).toEqual([0.5, 0, 0, 1, 0, 0])
    expect((await read(hdr('-Y 1 -X 2', 128, 0, 0, 129, 64, 0, 0, 129))).data).toEqual([0.5, 0, 0, 1, 0, 0])
    const columns = [128, 0, 0, 129, 64, 0, 0, 129, 32, 0, 0, 129]
    for (const [turn, reds] of [
      ['+X 1 -Y 3', [1, 0.5, 0.25]],
      ['-X 3 +Y 1', [0.25, 0.5, 1]],
      ['+X 1 +Y 3', [0.25, 0.5, 1]],
    ] as const) {
      const { data, size } = await read(hdr(turn, ...columns))
      expect(size).toEqual([turn.startsWith('-X') ? 3 : 1, turn.startsWith('-X') ? 1 : 3, 3, 32])
      expect(data.filter((_, i) => i % 3 === 0)).toEqual(reds)
    }
    await failure('E_DECODE', () => decode(hdr('-Y 1 +Y 1', 1, 1, 1, 1), options))
  })

  it('says what of its header was not applied', async () => {
    const file = (lines: string) =>
      Buffer.concat([
        latin1(`#?RADIANCE\nFORMAT= 32-bit_rle_rgbe\n${lines}\n-Y 1 +X 1\n`),
        Buffer.of(9, 1, 1, 9),
      ])
    const said = async (lines: string) => (await decode(file(lines), options)).asRead
    expect(await said('EXPOSURE=1.00\nCOLORCORR= 1 1 1\n')).toEqual([])
    expect(await said('EXPOSURE= 2\nEXPOSURE=.5\nPIXASPECT=2\n')).toEqual([
      'EXPOSURE of x was not applied: 2, .5',
      'PIXASPECT of x was not applied: 2',
    ])
  })

  it('knows what is white', async () => {
    expect((await decode(hdr('-Y 1 +X 1', 255, 255, 255, 140), options)).full).toBe(1)
  })

  it.each([
    [latin1('#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n1234'), 'Radiance picture of 32-bit_rle_xyze'],
    [latin1('#?RADIANCE\n'), 'the header has no end'],
    [hdr('1 1'), 'the size must read'],
    [hdr('-Y 9 +X 999', 1), 'too early for 999x9'],
    [hdr('-Y 1 +X 2', 1, 1, 1, 1), 'a run leaves its row'],
    [hdr('-Y 1 +X 8', 2, 2, 0, 9, 136, 1), 'not have the width'],
    [hdr('-Y 1 +X 8', 2, 2, 0, 8, 137, 1), 'a run leaves its row'],
    [hdr('-Y 1 +X 8', 2, 2, 0, 8, 136), 'the file ends inside its samples'],
  ])('that is damaged is refused: %#', async (bytes, what) => {
    const error = await failure('E_DECODE', () => decode(bytes, options))
    expect([error.message, ...error.why].join()).toContain(what)
  })
})
