import { pair, sides } from './bank.ts'
import { correlationOptions, correlationStep } from './conv2d.ts'
import { sharpen } from './depthwise.ts'
import { correlationLayer, plainBank, plainPlane, reaches, summed } from './layer.ts'
import { operator } from './operator.ts'

/**
 * Dilated (atrous) convolution: `conv2d` with a dilation l, which spreads the same weights over more of the picture: a
 * kernel of size k covers k + (k − 1)·(l − 1) samples. Size per axis:
 * floor((in + before + after − l·(k − 1) − 1) / stride) + 1; weights O·C/groups·kH·kW, multiplications weights · H'·W',
 * both as without dilation. After Yu and Koltun 2016.
 */
export const dilatedCommand = operator({
  summary: 'applies a kernel with gaps between its taps: a larger field with the same weights',
  formula:
    'out[i,j] = Σ weight[u,v] · x[i + u·l, j + v·l] over u, v; the kernel covers k + (k − 1)·(l − 1) pixels: 3x3 at rate 2 covers 5x5 with 9 weights',
  source: 'Yu and Koltun 2016; the algorithme à trous, Holschneider et al. 1989. By default it sharpens',
  group: 'operators',
  params: {
    dilation: sides('the rate l: distance between neighbouring taps, in pixels', 1, 2),
  },
  kernel: 'optional',
  takes: correlationOptions.filter((name) => name !== 'dilation'),
  build: ({ kernel = sharpen, values, settings, full }) =>
    correlationStep('dilated', kernel, { settings: { ...settings, dilation: pair(values.dilation) }, full }),
  layer: {
    asks: ['size', 'filters'],
    usual: { dilation: 2 },
    of: ({ kernel, settings, values, isTextbook }) => ({
      ...correlationLayer(summed(kernel) ?? (isTextbook ? undefined : sharpen), settings),
      dilation: pair(values.dilation),
    }),
    // compared with the plain kernel that covers the same area
    plain: (s, output) => (s.each ? plainPlane : plainBank)(s, output, reaches(s)),
  },
  animations: {
    dilated: 'a 3x3 kernel at rates 1, 2 and 4 covers 3x3, 5x5 and 9x9 with the same 9 weights',
  },
  examples: [
    'convo dilated in.png out.png --dilation 4 --kernel outline',
    'convo animate dilated rate2.gif --dilation 2',
  ],
})
