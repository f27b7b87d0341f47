import { single } from '../conv/recipe.ts'
import { biasOf, type ConvOptions, correlationOf } from '../conv/spec.ts'
import type { Engine } from '../definition/engine.ts'
import { ConvoError, invariant } from '../error.ts'
import { type Kernel, showShape } from '../kernel/kernel.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { bankArithmetic, bankOf, correlateBank, refuseAlgorithm, wrongRank } from './bank.ts'
import { correlationLayer, summed } from './layer.ts'
import { type Given, operator, type Step } from './operator.ts'
import { recipeStep } from './recipe.ts'

/**
 * 2-D convolution of x [C,H,W] with a bank [O,C/groups,kH,kW]. As in the frameworks, it is cross-correlation:
 *
 *     out[o,i,j] = bias[o] + Σ over c,u,v of weight[o,c,u,v] · x[c, i·stride − before + u·dilation, j·stride − before + v·dilation]
 *
 * Filter o sees the C/groups channels of its group. Size per axis:
 * floor((in + before + after − dilation·(k − 1) − 1) / stride) + 1. Weights: O·C/groups·kH·kW, and O biases;
 * multiplications: weights · H'·W'. After LeCun et al. 1998; groups Krizhevsky et al. 2012; dilation Yu and Koltun
 * 2016.
 *
 * @returns [O,H',W']
 * @throws ConvoError E_ARGUMENT, E_NAME for an unknown option, E_SHAPE; the message names the argument and the numbers
 */
export async function conv2d(
  engine: Engine,
  x: Tensor,
  weight: Tensor,
  options: ConvOptions = {},
): Promise<Tensor> {
  const c = correlationOf(2, x, weight, options)
  return engine.correlate(x, weight, biasOf(options.bias, c.filters), c)
}

/** The options about kernels that all correlations take. */
export const correlationOptions = [
  'border',
  'fill',
  'anchor',
  'flip',
  'scale',
  'normalize',
  'bias',
  'stride',
  'dilation',
  'padding',
  'groups',
  'algorithm',
] as const

/**
 * Makes the step that correlates with a kernel of rank 2 (applied to each channel), 3 (all channels summed into one) or
 * 4 (a bank). The default border of rank 3 and 4 is zeros, because banks come from networks.
 */
export function correlationStep(
  name: string,
  kernel: Kernel,
  { settings, full }: Pick<Given, 'settings' | 'full'>,
): Step {
  const { shape } = kernel
  if (shape.length === 2) {
    if (settings.groups === undefined) return recipeStep(single(kernel), { kernel, settings, full })
    const what = `--groups ${settings.groups} needs a bank of filters, but this kernel is a single plane`
    throw new ConvoError('E_OPTION', what, {
      why: `a kernel of rank 2, ${showShape(shape)}, is applied to each channel anyway`,
      fix: 'no --groups',
    })
  }
  if (shape.length > 4) throw wrongRank(name, kernel, 'rank 2, 3 or 4')
  refuseAlgorithm(name, settings)
  const bank = bankOf(kernel, shape.length === 3 ? [1, ...shape] : shape, settings)
  return {
    acts: 'colour',
    arithmetic: bankArithmetic(bank.weight.shape, settings),
    apply: (x, engine) => correlateBank(engine, x, bank, { ...settings, usual: 'constant', full }),
  }
}

export const conv2dCommand = operator({
  summary: 'applies any kernel: one plane, a sum over channels, or a bank of filters',
  formula:
    'out[o,i,j] = bias[o] + Σ weight[o,c,u,v] · x[c, i·stride + u·dilation, j·stride + v·dilation] over c, u, v; ' +
    'size floor((in + padding − dilation·(k − 1) − 1) / stride) + 1, by default the size of the picture',
  source:
    'LeCun et al. 1998. This is cross-correlation, as in PyTorch and OpenCV; --flip gives convolution in the mathematical sense',
  group: 'operators',
  params: {},
  kernel: 'required',
  takes: correlationOptions,
  build: ({ kernel, ...given }) => {
    invariant(kernel !== undefined, 'conv2d is built with a kernel')
    return correlationStep('conv2d', kernel, given)
  },
  layer: {
    asks: ['size', 'filters'],
    of: ({ kernel, settings }) => correlationLayer(summed(kernel), settings),
  },
  animations: {
    conv2d: 'a 3x3 kernel slides over a 5x5 input: the output is 3x3',
    'multi-channel':
      '3 channels of 5x5 and one 3x3 filter over all of them: the output is one channel of 3x3; --size 7 --filters 128 for a bank',
  },
  examples: [
    'convo conv2d in.png out.png --kernel emboss',
    'convo conv2d in.png maps.png --kernel net.safetensors#conv1.weight --activation relu',
    'convo explain conv2d --input 3x7x7 --filters 128',
    'convo animate conv2d conv2d.gif',
    'convo animate conv2d padded.svg --padding 1 --stride 2 --kernel "0 1 2; 2 2 0; 0 1 2"',
    'convo animate multi-channel bank.webp --size 7 --filters 128',
  ],
})
