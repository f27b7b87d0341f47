import type { Animation } from './entry.ts'

/** An operator that can be watched at work; its file is read when it is asked for. */
export type Entry = {
  /** What is shown by default. */
  readonly summary: string
  load(): Promise<Animation>
}

/** What can be watched at work, by the operator's name. A new one is a file beside this one and an entry here. */
export const animations: Readonly<Record<string, Entry>> = {
  conv2d: {
    summary: 'a 3x3 kernel slides over 5x5: 3x3',
    load: async () => (await import('./conv2d.ts')).conv2dAnimation,
  },
  'multi-channel': {
    summary:
      '5x5x3 with one 3x3x3 filter: 3x3x1, the sum over the channels; --size 7 --filters 128 for a bank',
    load: async () => (await import('./conv2d.ts')).multiChannelAnimation,
  },
  conv3d: {
    summary: 'a 3x3x3 kernel slides over 4 slices of 5x5 in three directions: 2 slices of 3x3',
    load: async () => (await import('./conv3d.ts')).conv3dAnimation,
  },
  pointwise: {
    summary: '4x4x3 with two 1x1x3 filters: every pixel mixes its channels anew',
    load: async () => (await import('./pointwise.ts')).pointwiseAnimation,
  },
  separable: {
    summary: "Sobel's 3x3 kernel in two passes: 1 2 1 down, then -1 0 1 across",
    load: async () => (await import('./separable.ts')).separableAnimation,
  },
  depthwise: {
    summary: '3 channels, each with a filter of its own, and nothing summed over channels',
    load: async () => (await import('./depthwise.ts')).depthwiseAnimation,
  },
  'depthwise-separable': {
    summary: '5x5x3: each channel by a 3x3 of its own, then a 1x1 mixes the three',
    load: async () => (await import('./depthwise-separable.ts')).depthwiseSeparableAnimation,
  },
  grouped: {
    summary: '4 channels in 2 groups: each filter sees the 2 channels of its own',
    load: async () => (await import('./conv2d.ts')).groupedAnimation,
  },
  dilated: {
    summary: 'a 3x3 kernel at rates 1, 2 and 4: it sees 3x3, 5x5 and 9x9 with the same 9 weights',
    load: async () => (await import('./dilated.ts')).dilatedAnimation,
  },
  transposed: {
    summary: '2x2 with a 4x4 kernel and stride 3: 7x7, the overlaps summed',
    load: async () => (await import('./transposed.ts')).transposedAnimation,
  },
  maxpool: {
    summary: 'max pooling of 4x4 by 2x2, with its switches',
    load: async () => (await import('./unpool.ts')).maxpoolAnimation,
  },
  unpool: {
    summary:
      '4x4 is pooled with its switches, unpooled, and smoothed by a 3x3: the second way of transposed convolution',
    load: async () => (await import('./unpool.ts')).unpoolAnimation,
  },
  involution: {
    summary: '4x4x2: every pixel makes a 3x3 kernel of its own, which both channels share',
    load: async () => (await import('./involution.ts')).involutionAnimation,
  },
}
