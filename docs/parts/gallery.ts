/** A picture of the README: a command on a sample, and what of it is shown. */
export type Exhibit = {
  /** The name of its picture. */
  readonly name: string
  readonly title: string
  /** One line about it, in Markdown. */
  readonly line: string
  /** The command line without `convo`, words apart by spaces, quotes as in a shell. */
  readonly command: string
  /** Upper left corner of the part of the input that is shown; in the middle of the way down unless given. */
  readonly at?: readonly [x: number, y: number]
  /** How many times as large as the input the output is: its part is shown beside the same part of the input. */
  readonly grows?: number
  /** Shows the output alone, as it is. */
  readonly alone?: boolean
}

const lighthouse = [235, 40] as const
const sign = [0, 150] as const

/** Ten things that convo does. */
export const examples: readonly Exhibit[] = [
  {
    name: 'sobel',
    title: 'Edges',
    line: 'The gradient by two 3x3 kernels. `--unit` divides so that only a full step, black to white, is white.',
    command: 'sobel samples/scene.png out.png',
    at: lighthouse,
  },
  {
    name: 'gaussian',
    title: 'Smooth',
    line: 'A bell curve, of any width.',
    command: 'gaussian samples/scene.png out.png --sigma 4',
    at: sign,
  },
  {
    name: 'unsharp',
    title: 'Sharpen',
    line: 'Adds what a blur takes away.',
    command: 'unsharp samples/scene.png out.png --sigma 2 --amount 1.5',
    at: lighthouse,
  },
  {
    name: 'disk',
    title: 'Lens blur',
    line: 'A disk, in linear light: what shines goes on shining.',
    command: 'disk samples/scene.png out.png --radius 6 --linear',
    at: lighthouse,
  },
  {
    name: 'motion',
    title: 'Motion blur',
    line: 'A line of any length and direction.',
    command: 'motion samples/scene.png out.png --length 25 --angle 20',
    at: sign,
  },
  {
    name: 'emboss',
    title: 'A kernel from a file',
    line: 'Ten formats are read; this one is an SVG `feConvolveMatrix`.',
    command: 'conv2d samples/scene.png out.png --kernel kernels/relief.svg',
    at: sign,
  },
  {
    name: 'inline',
    title: 'A kernel as numbers',
    line: 'Gray first, and 0 becomes middle gray: a signed slope.',
    command: 'conv2d samples/scene.png out.png --kernel "-1 0 1; -2 0 2; -1 0 1" --gray --range offset',
    at: lighthouse,
  },
  {
    name: 'chain',
    title: 'Several steps, one rounding',
    line: 'A pencil drawing: smooth, edges, invert; floating point between the steps.',
    command:
      'chain samples/scene.png out.png --gray -- gaussian --sigma 1 -- sobel -- pointwise --preset invert',
    at: lighthouse,
  },
  {
    name: 'log',
    title: '16 bits',
    line: '16 bits stay 16 bits, and gray stays gray: spots of one size.',
    command: 'log samples/gray16.png out.png --sigma 3 --range minmax',
    at: [0, 3],
  },
  {
    name: 'alpha',
    title: 'Transparency',
    line: 'Colours weigh as much as they are opaque: no dark fringes.',
    command: 'gaussian samples/alpha.png out.png --sigma 5',
    at: [0, 0],
  },
]

/** The operators of the textbook. */
export const textbook: readonly Exhibit[] = [
  {
    name: 'conv2d',
    title: '2-D convolution',
    line: 'A bank of 16 filters, each over all three channels, then ReLU and pooling: the first layer of a network.',
    command:
      'chain samples/scene.png out.png --map-range each --labels -- conv2d --kernel kernels/layers.safetensors#edges.weight -- relu -- maxpool --size 3',
    alone: true,
  },
  {
    name: 'conv3d',
    title: '3-D convolution',
    line: 'The kernel slides in three directions: the surfaces of a volume of 24 slices.',
    command: 'conv3d samples/volume.tif out.png --filter sobel --scale 16',
    alone: true,
  },
  {
    name: 'pointwise',
    title: '1x1 convolution',
    line: 'Mixes the channels of each pixel: H x W x D becomes H x W x N.',
    command: 'pointwise samples/scene.png out.png --preset sepia',
    at: lighthouse,
  },
  {
    name: 'separable',
    title: 'Spatially separable',
    line: 'A column, then a row: Sobel takes 6 numbers for 9. Kernels of other rank are refused, with their singular values.',
    command: 'separable samples/scene.png out.png --kernel sobel-y --gray --range offset',
    at: lighthouse,
  },
  {
    name: 'depthwise',
    title: 'Depthwise',
    line: 'Each channel with filters of its own, and no sum over channels.',
    command: 'depthwise samples/scene.png out.png --kernel kernels/emboss-5x5.json',
    at: sign,
  },
  {
    name: 'depthwise-separable',
    title: 'Depthwise separable',
    line: 'Depthwise, then 1x1: 16 to 32 channels with 3x3 take 656 numbers, not 4,608.',
    command:
      'depthwise-separable samples/scene.png out.png --kernel sharpen:amount=2 --pointwise ".3 .6 .1; .3 .6 .1; .5 .5 0"',
    at: lighthouse,
  },
  {
    name: 'grouped',
    title: 'Grouped',
    line: 'Groups of channels do not see each other: red is blurred across, blue down, green not at all.',
    command: 'grouped samples/scene.png out.png',
    at: sign,
  },
  {
    name: 'dilated',
    title: 'Dilated',
    line: 'Taps spread apart: at rate 4 a 3x3 sees 9x9 with 9 weights.',
    command: 'dilated samples/scene.png out.png --dilation 4 --kernel outline --gray',
    at: lighthouse,
  },
  {
    name: 'transposed',
    title: 'Transposed',
    line: 'Paints a kernel for every pixel and adds the overlaps: 2x2 with 4x4 and stride 3 gives 7x7. Here, three times as large.',
    command: 'transposed samples/scene.png out.png --stride 3',
    at: [470, 55],
    grows: 3,
  },
  {
    name: 'unpool',
    title: 'Transposed, the second way',
    line: 'Max pooling that records its switches, unpooling, then convolution.',
    command: 'unpool samples/scene.png out.png --size 4',
    at: lighthouse,
  },
  {
    name: 'involution',
    title: 'Involution',
    line: 'Every pixel makes a kernel of its own: it smooths, and keeps the edges.',
    command: 'involution samples/scene.png out.png --size 13 --sigma-range 60 --sigma-space 4',
    at: sign,
  },
]

/** The words of a command line, quotes as in a shell. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
