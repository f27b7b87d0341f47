import * as convo from '../../src/index.ts'
import { Tensor } from '../../src/index.ts'
import {
  type Case,
  type Given,
  input,
  type Loose,
  listOf,
  numberOf,
  pairsOf,
  rebatch,
  unbatch,
} from './cases.ts'

type ConvOptions = NonNullable<Parameters<typeof convo.conv2d>[2]>

/** The results of the library for a case, by the names of its expected outputs. */
export type Outputs = Readonly<Record<string, Loose>>

/** Runs a case through the public API, one item of the batch at a time, as a user would call it. */
export const library: Readonly<Record<string, (c: Case) => Promise<Outputs>>> = {
  conv2d: (c) => each(c, (x) => convo.conv2d(x, tensor(c, 'weight'), convOptions(c))),
  conv3d: (c) => each(c, (x) => convo.conv3d(x, tensor(c, 'weight'), convOptions(c))),
  convTranspose2d: (c) => each(c, (x) => convo.convTranspose2d(x, tensor(c, 'weight'), transposeOptions(c))),
  convTranspose3d: (c) => each(c, (x) => convo.convTranspose3d(x, tensor(c, 'weight'), transposeOptions(c))),
  depthwiseSeparable2d: async (c) => {
    const outputs = await each(c, (x) => {
      const { bias: _, groups: __, ...rest } = convOptions(c)
      const depthwiseBias = c.inputs.depthwiseBias && tensor(c, 'depthwiseBias')
      const pointwiseBias = c.inputs.pointwiseBias && tensor(c, 'pointwiseBias')
      const options = { ...rest, depthwiseBias, pointwiseBias }
      return convo.depthwiseSeparableConv2d(x, tensor(c, 'depthwise'), tensor(c, 'pointwise'), options)
    })
    if (c.expected?.intermediate === undefined) return outputs
    const { groups: _, ...options } = {
      ...convOptions(c),
      bias: c.inputs.depthwiseBias && tensor(c, 'depthwiseBias'),
    }
    const between = await each(c, (x) => convo.depthwiseConv2d(x, tensor(c, 'depthwise'), options))
    return { ...outputs, intermediate: between.output! }
  },
  separable2d: (c) =>
    each(c, (x) => {
      const { bias: _, groups: __, ...options } = convOptions(c)
      return convo.separableConv2d(x, tensor(c, 'col'), tensor(c, 'row'), options)
    }),
  maxPool2d: (c) => pool(c, convo.maxPool2d),
  maxPool3d: (c) => pool(c, convo.maxPool3d),
  maxUnpool2d: (c) => unpool(c, convo.maxUnpool2d),
  maxUnpool3d: (c) => unpool(c, convo.maxUnpool3d),
  unpoolConv2d: async (c) => {
    const { output: unpooled } = (await unpool(c, convo.maxUnpool2d)) as { output: Loose }
    const options = convOptions(c, c.attrs.conv as Case['attrs'])
    const smoothed = await Promise.all(
      unbatch({ ...unpooled, data: Float32Array.from(unpooled.data) }).map((u) =>
        convo.conv2d(new Tensor(u.shape, u.data), tensor(c, 'weight'), options),
      ),
    )
    return { unpooled, output: rebatch(smoothed) }
  },
  involution2d: async (c) => {
    const { eps, ...sizes } = { ...involutionSizes(c), eps: numberOf(c, 'bnEps') }
    const batchNorm = c.inputs.bnGamma && {
      gamma: tensor(c, 'bnGamma'),
      beta: tensor(c, 'bnBeta'),
      mean: tensor(c, 'bnMean'),
      variance: tensor(c, 'bnVar'),
      eps,
    }
    return each(c, (x) =>
      convo.involution2d(x, {
        ...sizes,
        reduceWeight: tensor(c, 'reduceWeight'),
        reduceBias: c.inputs.reduceBias && tensor(c, 'reduceBias'),
        batchNorm,
        spanWeight: tensor(c, 'spanWeight'),
        spanBias: c.inputs.spanBias && tensor(c, 'spanBias'),
      }),
    )
  },
  involutionApply2d: (c) => {
    const kernels = unbatch(input(c, 'kernel')).map(toTensor)
    return each(c, (x, n) => convo.involutionApply2d(x, kernels[n]!, involutionSizes(c)))
  },
  tensor: async (c) => ({ output: new Tensor(listOf(c, 'shape'), new Float32Array(numberOf(c, 'length'))) }),
}

/** Returns an input as a tensor. It shares the bytes of the case, so that a write to them is noticed. */
export const tensor = (c: Case, name: string): Tensor => toTensor(input(c, name))

function toTensor({ shape, data }: Given): Tensor {
  if (!(data instanceof Float32Array)) throw new Error('not a float32 tensor')
  return new Tensor(shape, data)
}

/** Calls `compute` with each [C,...] of the batch in `x`, and joins the outputs. */
export async function each(c: Case, compute: (x: Tensor, n: number) => Promise<Tensor>): Promise<Outputs> {
  const items = unbatch(input(c, 'x')).map(toTensor)
  return { output: rebatch(await Promise.all(items.map(compute))) }
}

/** The options of a convolution. */
export function convOptions(c: Case, attrs = c.attrs): ConvOptions {
  return {
    bias: c.inputs.bias && tensor(c, 'bias'),
    stride: listOf(c, 'stride', attrs),
    padding: pairsOf(c, 'pads', attrs),
    dilation: listOf(c, 'dilation', attrs),
    groups: attrs.groups as number | undefined,
    paddingMode: attrs.padMode as ConvOptions['paddingMode'],
  }
}

function transposeOptions(c: Case) {
  const { paddingMode: _, ...rest } = convOptions(c)
  return { ...rest, padding: pairsOf(c, 'pads'), outputPadding: listOf(c, 'outputPadding') }
}

function involutionSizes(c: Case) {
  return {
    kernelSize: numberOf(c, 'kernelSize'),
    stride: numberOf(c, 'stride'),
    groups: numberOf(c, 'groups'),
    dilation: numberOf(c, 'dilation'),
  }
}

async function pool(c: Case, maxPool: typeof convo.maxPool2d): Promise<Outputs> {
  const pooled = await Promise.all(
    unbatch(input(c, 'x')).map((x) =>
      maxPool(toTensor(x), {
        kernelSize: listOf(c, 'kernel'),
        stride: listOf(c, 'stride'),
        padding: pairsOf(c, 'pads'),
        dilation: listOf(c, 'dilation'),
        ceilMode: c.attrs.ceilMode === true,
        returnIndices: true,
      }),
    ),
  )
  return { output: rebatch(pooled.map((p) => p.output)), indices: rebatch(pooled.map((p) => p.indices)) }
}

async function unpool(c: Case, maxUnpool: typeof convo.maxUnpool2d): Promise<Outputs> {
  const indices = unbatch(input(c, 'indices')).map(({ shape, data }) => {
    if (!(data instanceof Int32Array)) throw new Error('indices are not int32')
    return { shape, data }
  })
  const options = {
    outputSize: listOf(c, 'outputSize'),
    kernelSize: listOf(c, 'kernel'),
    stride: listOf(c, 'stride'),
  }
  return each(c, (x, n) => maxUnpool(x, indices[n]!, options))
}
