import { describe, expect, it } from 'vitest'
import { ConvoError } from '../../src/error.ts'
import { type Border, type BorderName, borderAliases, borderName, borders } from '../../src/tensor/border.ts'

const all = Object.entries(borders) as [BorderName, Border][]

/** Returns the samples at positions `from`..`to`, with k for the fill value. */
function seen(border: Border, samples: string, from: number, to: number): string {
  let text = ''
  for (let i = from; i <= to; i++) {
    const place = border.source(i, samples.length)
    text += place === -1 ? 'k' : samples[place]
  }
  return text
}

describe.each(all)('%s', (_, border) => {
  it('stands as its picture shows', () => {
    expect(border.picture).toMatch(/^...\|abcd\|...$/)
    expect(seen(border, 'abcd', -3, 6)).toBe(border.picture.replaceAll('|', ''))
  })
  it('leaves the inside alone, at every size', () => {
    for (let n = 1; n <= 6; n++) {
      for (let i = 0; i < n; i++) expect(border.source(i, n)).toBe(i)
    }
  })
  it('gives a place of the picture, or the fill value, any distance away', () => {
    for (let n = 1; n <= 6; n++) {
      for (let i = -50; i <= 50; i++) {
        const place = border.source(i, n)
        expect(Number.isInteger(place) && place >= -1 && place < n, `${i} of ${n}: ${place}`).toBe(true)
      }
    }
    expect(border.source(-1e9, 4)).toBeLessThan(4)
    expect(border.source(1e9, 4)).toBeGreaterThanOrEqual(-1)
  })
})

describe('a halo far wider than the picture', () => {
  it.each([
    ['replicate', 'aaaaaaaa|abc|cccccccc'],
    ['symmetric', 'bccbaabccba|abc|cbaabccbaab'],
    ['reflect', 'abcbabcb|abc|babcbabc'],
    ['wrap', 'bcabcabc|abc|abcabcab'],
    ['constant', 'kkkkkkkk|abc|kkkkkkkk'],
  ] as const)('%s goes on folding', (name, expected) => {
    const [left, , right] = expected.split('|') as [string, string, string]
    expect(seen(borders[name], 'abc', -left.length, 2 + right.length)).toBe(expected.replaceAll('|', ''))
  })
})

describe('a picture of one sample', () => {
  it.each(all)('%s', (name, border) => {
    const place = name === 'constant' ? -1 : 0
    for (const i of [-7, -2, -1, 1, 2, 7]) expect(border.source(i, 1)).toBe(place)
    expect(border.source(0, 1)).toBe(0)
  })
})

describe('names', () => {
  it('are found in any case of letters', () => {
    for (const name of Object.keys(borders)) {
      expect(borderName(name)).toBe(name)
      expect(borderName(name.toUpperCase())).toBe(name)
    }
  })
  it('of other systems are found where they mean one thing only', () => {
    expect(borderAliases).toEqual({
      edge: 'replicate',
      nearest: 'replicate',
      clamp: 'replicate',
      circular: 'wrap',
      tile: 'wrap',
      reflect101: 'reflect',
      zeros: 'constant',
    })
    for (const [alias, name] of Object.entries(borderAliases)) expect(borderName(alias)).toBe(name)
    expect(borderName('Reflect101')).toBe('reflect')
  })
  it('mirror is refused, with what SciPy and ImageMagick mean by it', () => {
    expect(() => borderName('Mirror')).toThrow(
      expect.objectContaining({
        code: 'E_NAME',
        message: '"mirror" is ambiguous',
        why: [
          "SciPy's mirror is convo's reflect:        dcb|abcd|cba",
          "ImageMagick's mirror is convo's symmetric: cba|abcd|dcb",
        ],
        fix: 'reflect',
      }),
    )
  })
  it('that nobody knows are refused, with a guess where one is near', () => {
    expect(() => borderName('replcate')).toThrow(
      expect.objectContaining({
        code: 'E_NAME',
        message: 'there is no border mode "replcate"',
        why: ['border modes: replicate, symmetric, reflect, wrap, constant'],
        fix: 'replicate',
      }),
    )
    expect(() => borderName('toString')).toThrow(ConvoError)
    expect(() => borderName('')).toThrow('there is no border mode ""')
    expect(() => borderName('xyzzy')).toThrow(expect.objectContaining({ fix: undefined }))
  })
})
