import { describe, expect, it } from 'vitest'
import {
  limitsRecord,
  limitsText,
  toleranceOf,
  toleranceSettings,
} from '../../../src/image/compare/tolerance.ts'
import { resolve } from '../../../src/params.ts'
import { failure } from '../pictures.ts'

const read = (given: Record<string, unknown>) => resolve(toleranceSettings, given)

describe('settings of a comparison', () => {
  it('nothing given is exact', () => {
    expect(toleranceOf(read({}))).toEqual({ ignoreBorder: 0, alpha: 'strict', icc: 'error', size: 'error' })
  })

  it('from a command line and from a manifest, the same', () => {
    const typed = read({
      'max-abs': '2',
      'max-density': '3/16',
      ignore: ['1,2,3,4', '5,6,7,8'],
      'min-psnr': '40',
    })
    const listed = [
      [1, 2, 3, 4],
      [5, 6, 7, 8],
    ]
    expect(read({ 'max-abs': 2, 'max-density': '3/16', ignore: listed, 'min-psnr': 40 })).toEqual(typed)
    expect(typed.ignore).toEqual([
      { x: 1, y: 2, width: 3, height: 4 },
      { x: 5, y: 6, width: 7, height: 8 },
    ])
    expect(read({ ignore: '1,2,3,4' }).ignore).toEqual(read({ ignore: [1, 2, 3, 4] }).ignore)
  })

  it('limits come back as they were typed', () => {
    const given = {
      'max-abs': '1.5%',
      'max-diff-pixels': '3',
      'max-diff-ratio': '0.01',
      'max-density': '3/16',
      'max-rmse': '2',
    }
    const tolerance = toleranceOf(read(given))
    const text = '--max-abs 1.5% --max-diff-pixels 3 --max-diff-ratio 0.01 --max-density 3/16 --max-rmse 2'
    expect(limitsText(tolerance)).toBe(text)
    expect(toleranceOf(read(limitsRecord(tolerance)))).toEqual(tolerance)
  })

  it.each([
    ['max-abs', '-1'],
    ['max-abs', '101%'],
    ['max-abs', ''],
    ['max-abs', '%'],
    ['max-abs', 'many'],
    ['max-abs', true],
    ['max-diff-pixels', '1.5'],
    ['max-diff-ratio', '1.1'],
    ['max-density', '3'],
    ['max-density', '3/0'],
    ['max-density', '-1/4'],
    ['ignore', '1,2,3'],
    ['ignore', '1,2,0,4'],
    ['ignore', '-1,2,3,4'],
    ['ignore', '1,2,3,4.5'],
    ['ignore', '1,,3,4'],
    ['ignore-border', '-1'],
    ['min-ssim', '1.01'],
    ['perceptual', '2'],
    ['alpha', 'some'],
    ['size', 'crop'],
  ])('refuses --%s %s, by name', async (name, value) => {
    const error = await failure('E_OPTION', () => read({ [name]: value }))
    expect(error.message).toContain(`--${name}`)
  })

  it('refuses two meanings of a differing pixel', async () => {
    await failure('E_OPTION', () => toleranceOf(read({ perceptual: 0.1, 'max-abs': 1 })))
  })
})

it('a percentage is the number that it says, with all its digits', () => {
  const of = (given: Record<string, unknown>) => toleranceOf(read(given))
  for (let i = 0; i <= 10000; i++) {
    const percent = `${i / 100}%`
    expect(of({ 'max-diff-ratio': percent }).maxDiffRatio).toBe(i / 10000)
    expect(of({ 'min-ssim': percent }).minSsim).toBe(i / 10000)
    expect(of({ 'max-density': `${percent}/25` }).maxDensity?.pixels).toBe(Math.floor((i * 625) / 10000))
  }
})
