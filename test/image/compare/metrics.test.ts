import { describe, expect, it } from 'vitest'
import { comparePictures } from '../../../src/image/compare/compare.ts'
import { failure } from '../pictures.ts'
import { altered, pattern, picture } from './pictures.ts'

// From scikit-image 0.19.3: structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False,
// data_range=full scale, channel_axis=-1), peak_signal_noise_ratio; RMSE from NumPy.
const known = [
  {
    w: 40,
    h: 30,
    c: 1,
    d: 8,
    ssim: 0.956190188749184,
    psnr: 25.14620291406458,
    rmse: 14.100354605470034,
    max: 24,
    n: 1157,
  },
  {
    w: 33,
    h: 21,
    c: 3,
    d: 8,
    ssim: 0.9497704758711193,
    psnr: 25.1060096031274,
    rmse: 14.16575415107119,
    max: 24,
    n: 693,
  },
  {
    w: 25,
    h: 19,
    c: 3,
    d: 16,
    ssim: 0.9946938474593857,
    psnr: 49.276814208001454,
    rmse: 225.23329659430206,
    max: 384,
    n: 475,
  },
  {
    w: 11,
    h: 11,
    c: 1,
    d: 8,
    ssim: 0.9078138673862285,
    psnr: 25.44108064305326,
    rmse: 13.629695339270146,
    max: 24,
    n: 115,
  },
] as const

describe('measures of the whole picture', () => {
  it.each(known)('equal those of scikit-image: $w x $h x $c, $d bits', ({ w, h, c, d, ...expected }) => {
    const a = pattern(w, h, c, d, 1, 1)
    const b = pattern(w, h, c, d, 7, 25)
    const { stats } = comparePictures(a, b, { minSsim: 0 })
    expect(stats!.ssim).toBeCloseTo(expected.ssim, 12)
    expect(stats!.psnr).toBeCloseTo(expected.psnr, 10)
    expect(stats!.rmse).toBeCloseTo(expected.rmse, 10)
    expect(stats!.largest!.difference).toBe(expected.max)
    expect(stats!.differing).toBe(expected.n)
  })

  it('one level everywhere: RMSE 1, and PSNR 20 log10 255 = 48.1308 dB', () => {
    const a = pattern(20, 20, 3, 8, 3, 9)
    const { stats } = comparePictures(a, { ...a, data: a.data.map((v) => v + 1) })
    expect(stats!.rmse).toBe(1)
    expect(stats!.psnr).toBeCloseTo(48.1308036086791, 12)
  })

  it('SSIM is exactly 1 where nothing differs within reach', () => {
    const a = pattern(40, 30, 3, 8, 3, 99)
    const b = altered(a, [2, 2, 0, 50])
    expect(comparePictures(a, b, { minSsim: 0, ignore: [{ x: 0, y: 0, width: 3, height: 3 }] }).outcome).toBe(
      'same',
    )
    const near = comparePictures(a, b, { minSsim: 0 }).stats!.ssim!
    expect(near).toBeLessThan(1)
    expect(near).toBeGreaterThan(0.99)
  })

  it('SSIM does not see what is ignored', () => {
    const a = pattern(40, 30, 1, 8, 3, 99)
    const b = altered(a, [20, 15, 0, 50], [35, 25, 0, 9])
    const alone = altered(a, [35, 25, 0, 9])
    const ignore = [{ x: 20, y: 15, width: 1, height: 1 }]
    const found = comparePictures(a, b, { minSsim: 0, ignore }).stats!.ssim!
    expect(found).toBe(comparePictures(a, alone, { minSsim: 0, ignore }).stats!.ssim)
  })

  it('SSIM over black and over white takes the lesser', () => {
    const a = picture(16, 16, 4, 8, (i) => (i % 4 === 3 ? 128 : (i * 37) % 200))
    const b = altered(a, [8, 8, 0, 40])
    const strict = comparePictures(a, b, { minSsim: 0, alpha: 'ignore' }).stats!.ssim!
    const visible = comparePictures(a, b, { minSsim: 0, alpha: 'visible' }).stats!.ssim!
    expect(visible).not.toBe(strict)
    expect(visible).toBeLessThan(1)
  })

  it('refuses SSIM of pictures smaller than its window', async () => {
    const a = picture(10, 30, 1, 8, (i) => i % 256)
    const error = await failure('E_SHAPE', () =>
      comparePictures(a, altered(a, [0, 0, 0, 1]), { minSsim: 0.9 }),
    )
    expect(error.message).toContain('10x30')
  })
})
