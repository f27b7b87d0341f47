import type { Engine } from '../definition/engine.ts'
import { ConvoError } from '../error.ts'
import { choice, custom, expected, integer, number, text } from '../params.ts'
import type { Tensor } from '../tensor/tensor.ts'
import { involution2d } from './involution.ts'
import { generatorSizes, readGenerator } from './involution-weights.ts'
import { arithmetics, operator } from './operator.ts'

const oddSize = {
  ...custom('pixels across the neighbourhood, odd', '<k>', (given, name) => {
    const value = Number(given)
    if (!Number.isSafeInteger(value) || value < 1 || value > 255 || value % 2 === 0) {
      throw expected('an odd number from 1 to 255', name, given)
    }
    return value
  }),
  unset: '5; with --weights what they say',
}

export const involutionCommand = operator({
  summary: 'gives every pixel a kernel of its own, made from the picture: smooths while keeping edges',
  formula:
    'out[c,i,j] = Σ kernel[g(c),u,v,i,j] · x[c, i + u, j + v] over u, v in a K x K neighbourhood; the kernel is made from the pixels, ' +
    'and the channels of a group share it',
  source:
    'Li et al. 2021. bilateral: weights fall with distance and with difference (Tomasi and Manduchi 1998); attention: softmax of the ' +
    'likeness of 3x3 patches over the neighbourhood, which is non-local means (Buades, Coll and Morel 2005); or trained weights from a file',
  group: 'operators',
  params: {
    generator: {
      ...choice('the rule that makes the kernels', ['bilateral', 'attention']),
      unset: 'bilateral, unless there are --weights',
    },
    size: oddSize,
    'sigma-space': {
      ...number('bilateral: distance that counts as far, in pixels', undefined, { min: 0.1, max: 1000 }),
      unset: 'half of what the neighbourhood reaches',
    },
    'sigma-range': {
      ...number('bilateral: difference that counts as an edge, in levels of 0..255', undefined, {
        min: 0.01,
        max: 1e6,
      }),
      unset: '25',
    },
    temperature: {
      ...number('attention: difference of patches that is still alike, in levels of 0..255', undefined, {
        min: 0.01,
        max: 1e6,
      }),
      unset: '10',
    },
    dilation: integer('pixels from one neighbour to the next', 1, { min: 1, max: 1000 }),
    stride: { ...integer('with --weights: keep every n-th pixel', undefined, { min: 1 }), unset: '1' },
    weights: {
      ...text(
        'a .safetensors file, or a folder of .npy files, with reduce.weight [R,C,1,1], span.weight [K·K·G,R,1,1], and if there are ' +
          'reduce.bias, span.bias, bn.weight, bn.bias, bn.running_mean, bn.running_var; file#prefix. when their names have a prefix',
        '<file>',
      ),
      unset: 'the kernels are made by the rule of --generator',
    },
  },
  kernel: 'none',
  takes: [],
  build: ({ values, full }) => {
    const { generator, size, dilation, stride, weights } = values
    const [space, range, temperature] = [values['sigma-space'], values['sigma-range'], values.temperature]
    if (weights !== undefined) {
      refuse('--weights', { generator, 'sigma-space': space, 'sigma-range': range, temperature })
      return {
        kind: 'tensor',
        acts: 'colour',
        arithmetic: arithmetics.involution,
        async apply(x, engine) {
          const out = await involveByWeights(engine, await scaled(engine, x, 255 / full), weights, {
            size,
            dilation,
            stride: stride ?? 1,
          })
          return scaled(engine, out, full / 255)
        },
      }
    }
    const isAttention = generator === 'attention'
    refuse(`the generator ${generator ?? 'bilateral'}`, {
      stride,
      ...(isAttention ? { 'sigma-space': space, 'sigma-range': range } : { temperature }),
    })
    const reach = (((size ?? 5) - 1) / 2) * dilation
    return {
      kind: 'tensor',
      acts: 'colour',
      arithmetic: arithmetics.likeness,
      apply: (x, engine) =>
        engine.involve(x, {
          size: size ?? 5,
          dilation,
          sigmaSpace: isAttention ? Number.POSITIVE_INFINITY : (space ?? Math.max(reach / 2, 0.5)),
          sigmaRange: ((isAttention ? (temperature ?? 10) : (range ?? 25)) * full) / 255,
          patch: isAttention ? 3 : 1,
        }),
    }
  },
})

/** @throws ConvoError E_OPTION for the first of the settings that was given */
function refuse(by: string, settings: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(settings)) {
    if (value !== undefined)
      throw new ConvoError('E_OPTION', `--${name} says nothing to ${by}`, { fix: `no --${name}` })
  }
}

/** Trained weights see levels of 0..255 at any depth. */
const scaled = async (engine: Engine, x: Tensor, by: number): Promise<Tensor> =>
  by === 1 ? x : engine.layer('scaled', [x], { by })

/** An involution with trained weights. */
async function involveByWeights(
  engine: Engine,
  x: Tensor,
  source: string,
  sizes: { readonly size: number | undefined; readonly dilation: number; readonly stride: number },
): Promise<Tensor> {
  const generator = await readGenerator(source)
  const { kernelSize, groups } = generatorSizes(generator, sizes.size, x.shape[0]!, source)
  const { dilation, stride } = sizes
  return involution2d(engine, x, { ...generator, kernelSize, groups, dilation, stride })
}
