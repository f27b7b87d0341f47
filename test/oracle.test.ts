import { describe, expect, it } from 'vitest'
import {
  borderOf,
  type Case,
  compare,
  haveCases,
  input,
  listOf,
  numberOf,
  pairsOf,
  readSuite,
  rebatch,
  suiteFiles,
  termsOf,
  unbatch,
  wordOf,
} from './conformance/cases.ts'
import {
  add,
  convTranspose,
  correlate,
  countMultiplications,
  countParams,
  depthwiseSeparable,
  effectiveKernel,
  filterPicture,
  type Grid,
  involutionApply,
  involutionKernel,
  type Layer,
  magnitude,
  maxPool,
  maxUnpool,
  type Options,
  type Outside,
  outer,
  type PictureOptions,
  type Result,
  separable,
  sourcePlace,
} from './oracle.ts'

describe('the borders of the oracle, drawn', () => {
  const drawings: [Outside, string][] = [
    ['constant', '........abcd........'],
    ['zeros', '........abcd........'],
    ['replicate', 'aaaaaaaaabcddddddddd'],
    ['symmetric', 'abcddcbaabcddcbaabcd'],
    ['reflect', 'cdcbabcdcbabcdcbabcd'],
    ['wrap', 'abcdabcdabcdabcdabcd'],
    ['circular', 'abcdabcdabcdabcdabcd'],
  ]
  it.each(drawings)('%s', (outside, drawing) => {
    const letter = (i: number) => 'abcd'[sourcePlace(i, 4, outside)] ?? '.'
    const shift = outside === 'reflect' ? 10 : 8
    expect(Array.from({ length: 20 }, (_, i) => letter(i - shift)).join('')).toBe(drawing)
  })

  it('a single sample stands everywhere', () => {
    for (const outside of ['replicate', 'symmetric', 'reflect', 'wrap'] as const) {
      expect([-3, -1, 0, 1, 5].map((i) => sourcePlace(i, 1, outside))).toEqual([0, 0, 0, 0, 0])
    }
  })
})

describe.skipIf(!haveCases)(
  'the oracle agrees with the conformance cases (needs ../shared/conformance)',
  () => {
    const suites = suiteFiles().map((file) => [file, readSuite(file)] as const)

    it('there are 1,419 cases, of which 22 must be refused', () => {
      const all = suites.flatMap(([, cases]) => cases)
      expect(all).toHaveLength(1419)
      expect(all.filter((c) => c.expected === undefined)).toHaveLength(22)
      expect(new Set(all.map((c) => c.id)).size).toBe(1419)
    })

    for (const [file, cases] of suites) {
      if (file.startsWith('errors/')) continue
      describe(file, () => {
        it.each(cases.map((c) => [c.id, c] as const))('%s', (_, c) => {
          const run = oracle[c.op]
          if (run === undefined) throw new Error(`the oracle has no ${c.op}`)
          run(c)
        })
      })
    }
  },
)

/** Computes a case and compares the result. */
const oracle: Record<string, (c: Case) => void> = {
  conv2d: convolution,
  conv3d: convolution,
  convTranspose2d: transposed,
  convTranspose3d: transposed,
  depthwiseSeparable2d(c) {
    const steps = unbatch(input(c, 'x')).map((x) =>
      depthwiseSeparable(x, input(c, 'depthwise'), input(c, 'pointwise'), {
        ...optionsOf(c),
        depthwiseBias: c.inputs.depthwiseBias?.data,
        pointwiseBias: c.inputs.pointwiseBias?.data,
      }),
    )
    compare(c, 'output', rebatch(steps.map((s) => s.output)))
    if (c.expected?.intermediate) compare(c, 'intermediate', rebatch(steps.map((s) => s.intermediate)))
  },
  separable2d(c) {
    each(c, (x) => separable(x, input(c, 'col').data, input(c, 'row').data, optionsOf(c)))
  },
  maxPool2d: pooling,
  maxPool3d: pooling,
  maxUnpool2d: unpooling,
  maxUnpool3d: unpooling,
  unpoolConv2d(c) {
    const conv = c.attrs.conv as Case['attrs']
    const indices = unbatch(input(c, 'indices'))
    const unpooled = unbatch(input(c, 'x')).map((x, n) => maxUnpool(x, indices[n]!, listOf(c, 'outputSize')))
    compare(c, 'unpooled', rebatch(unpooled))
    const options = { ...optionsOf(c, conv), bias: c.inputs.bias?.data }
    compare(c, 'output', rebatch(unpooled.map((u) => correlate(u, input(c, 'weight'), options))))
  },
  involution2d(c) {
    const options = involutionOf(c)
    const kernels = unbatch(input(c, 'x')).map((x) => involutionKernel(x, generatorOf(c), options))
    compare(c, 'kernel', rebatch(kernels))
    compare(
      c,
      'output',
      rebatch(unbatch(input(c, 'x')).map((x, n) => involutionApply(x, kernels[n]!, options))),
    )
  },
  involutionApply2d(c) {
    const kernels = unbatch(input(c, 'kernel'))
    each(c, (x, n) => involutionApply(x, kernels[n]!, involutionOf(c)))
  },
  count(c) {
    expect(countOf(c)).toEqual(c.value)
  },
  imageFilter(c) {
    compare(c, 'output', filterPicture(input(c, 'x'), input(c, 'kernel'), pictureOf(c)))
  },
  imageGradientMagnitude(c) {
    const along = (name: string) => filterPicture(input(c, 'x'), input(c, name), pictureOf(c))
    compare(c, 'output', magnitude(along('kernelX'), along('kernelY')))
  },
  imageSeparableSum(c) {
    const parts = termsOf(c).map(({ col, row }) => {
      const fill = numberOf(c, 'cval')
      return filterPicture(input(c, 'x'), outer(col, row), { border: borderOf(c), fill })
    })
    compare(c, 'output', parts.reduce(add))
  },
}

function convolution(c: Case): void {
  each(c, (x) => correlate(x, input(c, 'weight'), optionsOf(c)))
}

function transposed(c: Case): void {
  const options = { ...optionsOf(c), outputPadding: listOf(c, 'outputPadding') }
  each(c, (x) => convTranspose(x, input(c, 'weight'), options))
}

function pooling(c: Case): void {
  const pooled = unbatch(input(c, 'x')).map((x) =>
    maxPool(x, {
      kernel: listOf(c, 'kernel'),
      stride: listOf(c, 'stride'),
      pads: pairsOf(c, 'pads'),
      dilation: listOf(c, 'dilation'),
      ceilMode: c.attrs.ceilMode === true,
    }),
  )
  compare(c, 'output', rebatch(pooled.map((p) => p.output)))
  compare(c, 'indices', rebatch(pooled.map((p) => p.indices)), true)
}

function unpooling(c: Case): void {
  const indices = unbatch(input(c, 'indices'))
  each(c, (x, n) => maxUnpool(x, indices[n]!, listOf(c, 'outputSize')))
}

function each(c: Case, compute: (x: Grid, n: number) => Result): void {
  compare(c, 'output', rebatch(unbatch(input(c, 'x')).map(compute)))
}

function optionsOf(c: Case, attrs = c.attrs): Options {
  return {
    bias: c.inputs.bias?.data,
    stride: listOf(c, 'stride', attrs),
    pads: pairsOf(c, 'pads', attrs),
    dilation: listOf(c, 'dilation', attrs),
    groups: attrs.groups as number | undefined,
    padMode: attrs.padMode as Outside | undefined,
  }
}

function pictureOf(c: Case): PictureOptions {
  const anchor = c.attrs.anchor === undefined ? undefined : listOf(c, 'anchor')
  const mode = wordOf(c, 'mode') as 'correlate' | 'convolve'
  return { mode, border: borderOf(c), fill: numberOf(c, 'cval'), anchor }
}

function involutionOf(c: Case) {
  return {
    kernelSize: numberOf(c, 'kernelSize'),
    stride: numberOf(c, 'stride'),
    groups: numberOf(c, 'groups'),
    dilation: numberOf(c, 'dilation'),
  }
}

function generatorOf(c: Case) {
  const given = c.inputs
  const batchNorm = given.bnGamma && {
    gamma: given.bnGamma.data,
    beta: input(c, 'bnBeta').data,
    mean: input(c, 'bnMean').data,
    variance: input(c, 'bnVar').data,
    eps: numberOf(c, 'bnEps'),
  }
  return {
    reduceWeight: input(c, 'reduceWeight'),
    reduceBias: given.reduceBias?.data,
    batchNorm,
    spanWeight: input(c, 'spanWeight'),
    spanBias: given.spanBias?.data,
  }
}

function countOf(c: Case): number | number[] {
  const kernel = listOf(c, 'kernel')
  const layer = c.attrs as Layer
  switch (c.attrs.what) {
    case 'params':
      return countParams(layer, kernel, c.attrs.bias === true)
    case 'multiplications':
      return countMultiplications(layer, kernel, listOf(c, 'outputSize'))
    case 'effectiveKernel':
      return effectiveKernel(kernel, listOf(c, 'dilation'))
    default:
      throw new Error(`${c.id}: what is ${String(c.attrs.what)}`)
  }
}
