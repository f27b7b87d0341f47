import { formats } from '../../src/kernel/formats/index.ts'

/** A picture of the README and the gallery: a command on a sample, and which part of it is shown. */
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
  /** Further commands whose outputs are shown beside the first, as on the hero of the README. */
  readonly more?: readonly string[]
  /** Shows the output alone, as it is. */
  readonly alone?: boolean
}

const lighthouse = [235, 40] as const
const sign = [0, 150] as const

/** The picture at the top of the README. */
export const hero: Exhibit = {
  name: 'hero',
  title: 'A picture, its edges, a pencil drawing and a relief',
  line: '',
  command: 'sobel samples/scene.png out.png',
  more: [
    'chain samples/scene.png out.png --gray -- gaussian --sigma 1 -- sobel -- pointwise --preset invert',
    'conv2d samples/scene.png out.png --kernel kernels/relief.svg',
  ],
  at: [430, 40],
}

/** How many of the examples the README shows with their commands below each other, and how many in a table. */
export const [shownFirst, shownInTable] = [4, 8]

/** What convo does, the examples of the README first. */
export const examples: readonly Exhibit[] = [
  {
    name: 'sobel',
    title: 'Edges',
    line: 'Gradients from two 3x3 kernels. With `--unit`, only a full step from black to white becomes white.',
    command: 'sobel samples/scene.png out.png',
    at: lighthouse,
  },
  {
    name: 'disk',
    title: 'Lens blur',
    line: 'A disk-shaped kernel, applied in linear light so that bright spots stay bright.',
    command: 'disk samples/scene.png out.png --radius 6 --linear',
    at: lighthouse,
  },
  {
    name: 'emboss',
    title: 'A kernel from a file',
    line: `convo reads ${Object.keys(formats).length} formats; this is an SVG \`feConvolveMatrix\`.`,
    command: 'conv2d samples/scene.png out.png --kernel kernels/relief.svg',
    at: sign,
  },
  {
    name: 'chain',
    title: 'Several steps',
    line: 'A pencil drawing: blur, find edges, invert. Samples stay in floating point between the steps.',
    command:
      'chain samples/scene.png out.png --gray -- gaussian --sigma 1 -- sobel -- pointwise --preset invert',
    at: lighthouse,
  },
  {
    name: 'denoise',
    title: 'A trained network',
    line: 'A small network trained to remove noise.',
    command: 'net samples/networks/denoise.safetensors samples/noisy.jpg out.png',
    at: [0, 0],
  },
  {
    name: 'enlarge',
    title: 'Super-resolution',
    line: 'A network that doubles the size.',
    command: 'net samples/networks/enlarge.safetensors samples/scene.png out.png',
    at: [420, 70],
    grows: 2,
  },
  {
    name: 'net-edges',
    title: 'Edges in noise',
    line: 'A U-Net trained to find the edges that a picture had before it became noisy.',
    command: 'net samples/networks/edges.safetensors samples/noisy.jpg out.png',
    at: [0, 0],
  },
  {
    name: 'richardson-lucy',
    title: 'Deblur',
    line: 'Removes a known blur, here from a moving camera.',
    command: 'richardson-lucy samples/blurred.png out.png --kernel motion:length=15 --iterations 60',
    at: [0, 0],
  },
  {
    name: 'unsharp',
    title: 'Sharpen',
    line: 'Adds the difference from a blurred copy.',
    command: 'unsharp samples/scene.png out.png --sigma 2 --amount 1.5',
    at: lighthouse,
  },
  {
    name: 'median',
    title: 'Median',
    line: 'Takes the median of a disk: removes specks and keeps edges.',
    command: 'median samples/scene.png out.png --size 9 --shape disk',
    at: lighthouse,
  },
  {
    name: 'canny',
    title: 'Edges as lines',
    line: 'Draws lines one pixel wide and drops weak edges that are not connected to strong ones.',
    command: 'canny samples/scene.png out.png --sigma 1.5',
    at: lighthouse,
  },
  {
    name: 'resize',
    title: 'Resize',
    line: 'Lanczos, bicubic, bilinear and others, as Pillow computes them.',
    command: 'resize samples/small/colour.png out.png --by 4 --curve lanczos3',
    at: [0, 0],
    grows: 4,
  },
  {
    name: 'log',
    title: '16 bits',
    line: '16-bit gray pictures stay 16-bit gray. `log` finds spots of one size.',
    command: 'log samples/gray16.png out.png --sigma 3 --range minmax',
    at: [0, 3],
  },
  {
    name: 'gaussian',
    title: 'Blur',
    line: 'A Gaussian of any width.',
    command: 'gaussian samples/scene.png out.png --sigma 4',
    at: sign,
  },
  {
    name: 'motion',
    title: 'Motion blur',
    line: 'A line of any length and direction.',
    command: 'motion samples/scene.png out.png --length 25 --angle 20',
    at: sign,
  },
  {
    name: 'inline',
    title: 'A kernel as numbers',
    line: 'The horizontal slope of the gray picture; a slope of 0 becomes middle gray.',
    command: 'conv2d samples/scene.png out.png --kernel "-1 0 1; -2 0 2; -1 0 1" --gray --range offset',
    at: lighthouse,
  },
  {
    name: 'alpha',
    title: 'Transparency',
    line: 'Colours are weighted by opacity, so there are no dark fringes.',
    command: 'gaussian samples/alpha.png out.png --sigma 5',
    at: [0, 0],
  },
]

/** The operators that textbooks on neural networks describe. */
export const textbook: readonly Exhibit[] = [
  {
    name: 'conv2d',
    title: '2-D convolution',
    line: 'Each filter of a bank sums over all channels. Here: six maps of the first layer of a network.',
    command:
      'chain samples/scene.png out.png --map-range each --channels 0,1,3,5,11,13 -- conv2d --kernel kernels/layers.safetensors#edges.weight -- maxpool --size 3',
    alone: true,
  },
  {
    name: 'conv3d',
    title: '3-D convolution',
    line: 'The kernel moves in three directions. Here: surfaces in a volume of 24 slices.',
    command: 'conv3d samples/volume.tif out.png --filter sobel --scale 16',
    alone: true,
  },
  {
    name: 'pointwise',
    title: '1x1 convolution',
    line: 'Mixes the channels of each pixel: colour matrices and 1x1 layers.',
    command: 'pointwise samples/scene.png out.png --preset sepia',
    at: lighthouse,
  },
  {
    name: 'separable',
    title: 'Spatially separable',
    line: 'A column kernel, then a row kernel: Sobel takes 6 weights instead of 9.',
    command: 'separable samples/scene.png out.png --kernel sobel-y --gray --range offset',
    at: lighthouse,
  },
  {
    name: 'depthwise',
    title: 'Depthwise',
    line: 'Separate filters for each channel, without a sum over channels.',
    command: 'depthwise samples/scene.png out.png --kernel kernels/emboss-5x5.json',
    at: sign,
  },
  {
    name: 'depthwise-separable',
    title: 'Depthwise separable',
    line: 'Depthwise, then 1x1: from 16 to 32 channels, 3x3 takes 656 weights instead of 4,608. Here: a blur, then red and blue swapped.',
    command:
      'depthwise-separable samples/scene.png out.png --kernel gaussian:sigma=2 --pointwise "0 0 1; 0 1 0; 1 0 0"',
    at: lighthouse,
  },
  {
    name: 'grouped',
    title: 'Grouped',
    line: 'Channels are split into groups with separate filters. Here: red is blurred horizontally, blue vertically.',
    command: 'grouped samples/scene.png out.png',
    at: sign,
  },
  {
    name: 'dilated',
    title: 'Dilated',
    line: 'Gaps between the taps: a 3x3 kernel at rate 4 covers 9x9 with 9 weights.',
    command: 'dilated samples/scene.png out.png --dilation 4 --kernel outline --gray',
    at: lighthouse,
  },
  {
    name: 'transposed',
    title: 'Transposed',
    line: 'Upsamples: each pixel adds a scaled copy of the kernel. Here: three times as large.',
    command: 'transposed samples/scene.png out.png --stride 3',
    at: [470, 55],
    grows: 3,
  },
  {
    name: 'unpool',
    title: 'Unpooling',
    line: 'Max pooling, unpooling to the positions of the maxima, then a convolution.',
    command: 'unpool samples/scene.png out.png --size 4',
    at: lighthouse,
  },
  {
    name: 'involution',
    title: 'Involution',
    line: 'Each pixel has its own kernel, computed from the picture. This smooths but keeps edges.',
    command: 'involution samples/scene.png out.png --size 13 --sigma-range 60 --sigma-space 4',
    at: sign,
  },
]

/** The words of a command line, quotes as in a shell. */
export function wordsOf(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '')
}
