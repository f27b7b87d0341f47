// Made by npm run docs from the tables of operations and settings.
import type { BorderAlias, BorderName } from '../../tensor/border.ts'
import type { KernelInput } from './kernel-input.ts'

/** How a picture is read, computed and written. */
export type PictureOptions = {
  /** Clamp: cut off below black and above white; abs: without the sign; offset: 0 becomes middle gray; minmax: stretch smallest to largest over black to white; raw: floating point, as it is, into .npy. Default: clamp; raw into .npy. */
  readonly range?: 'clamp' | 'abs' | 'offset' | 'minmax' | 'raw' | undefined
  /** Premultiply: colours weigh as much as they are opaque, and alpha is filtered too unless the kernel sums to 0; copy: likewise, and alpha stays as it is; separate: a channel like the others, hidden colours count; drop: left out, hidden colours are seen. Default: premultiply; copy for operators that mix channels. */
  readonly alpha?: 'premultiply' | 'separate' | 'copy' | 'drop' | undefined
  /** Lay the picture over a colour first, so that nothing is transparent: #rgb, #rrggbb or a name such as white. Default: alpha stays. */
  readonly background?: string | undefined
  /** Of a result of many maps: all on one sheet, one file each, the first one, or those of a list, counted from 0, while files are numbered from 1. Default: gray for 1 map, RGB for 3, montage for others. */
  readonly channels?: 'montage' | 'split' | 'first' | readonly number[] | undefined
  /** Stretch the maps of a sheet all alike, or each over its own smallest to largest. Default: 'shared'. */
  readonly mapRange?: 'shared' | 'each' | undefined
  /** Number the maps of a sheet. Default: false. */
  readonly labels?: boolean | undefined
  /** Of a .npy array of 3 or 4 axes: hwc has the channels last, as OpenCV, Pillow and imageio write them; chw first; auto finds out. Default: 'auto'. */
  readonly layout?: 'auto' | 'hwc' | 'chw' | undefined
  /** What is white in floats or in an array, such as 1, 255 or 4095, at least 1e-30. Default: 255 and 65535 for whole samples of 8 and 16 bits; 1 for floats that all lie in 0..1, else 255. */
  readonly full?: number | undefined
  /** Turn the picture gray first. Default: false. */
  readonly gray?: boolean | undefined
  /** Compute in linear light, not in the stored levels. Default: false. */
  readonly linear?: boolean | undefined
  /** Bits of an output sample. Default: the input's. */
  readonly depth?: 8 | 16 | undefined
  /** Turn the picture as its EXIF orientation says. Default: true. */
  readonly orient?: boolean | undefined
  /** Effort of the PNG encoder: 0 stores, 9 is small and slow, 0 to 9. Default: fast, and as small as most. */
  readonly compression?: number | undefined
  /** Refuse larger pictures; 100M, 2G and such are understood. Default: 268402689. */
  readonly maxPixels?: number | undefined
  /** Threads to compute with, 1 to 1024. Default: one for each core. */
  readonly threads?: number | undefined
}

/** How a picture that is compared or hashed is read. */
export type ReadOptions = {
  /** Refuse larger pictures; 100M, 2G and such are understood. Default: 268402689. */
  readonly maxPixels?: number | undefined
  /** Turn the picture as its EXIF orientation says. Default: true. */
  readonly orient?: boolean | undefined
  /** Of a .npy array of 3 or 4 axes: hwc has the channels last, as OpenCV, Pillow and imageio write them; chw first; auto finds out. Default: 'auto'. */
  readonly layout?: 'auto' | 'hwc' | 'chw' | undefined
}

/** What two pictures may differ by. */
export type ToleranceOptions = {
  /** A pixel differs when a channel of it is off by more: levels of its own depth, or % of the full scale. Default: 0. */
  readonly maxAbs?: number | string | undefined
  /** The number of pixels that may differ, at least 0. Default: 0, unless another limit is set. */
  readonly maxDiffPixels?: number | undefined
  /** The share of pixels that may differ, 0..1 or %; with maxDiffPixels, the stricter wins, 0 to 1. Default: as for maxDiffPixels. */
  readonly maxDiffRatio?: number | string | undefined
  /** At most n pixels may differ in any window of NxN. Default: as for maxDiffPixels. */
  readonly maxDensity?: string | undefined
  /** The least PSNR in dB, against the full scale. Default: not asked for. */
  readonly minPsnr?: number | undefined
  /** The greatest root mean square error, in levels, at least 0. Default: not asked for. */
  readonly maxRmse?: number | undefined
  /** The least SSIM (Wang 2004: gaussian 11x11, sigma 1.5; mean over the channels), -1 to 1. Default: not asked for. */
  readonly minSsim?: number | undefined
  /** A pixel differs when pixelmatch sees it: threshold 0..1, antialiasing left out; in place of maxAbs, 8-bit pictures only, 0 to 1. Default: not asked for. */
  readonly perceptual?: number | undefined
  /** Leave out a rectangle; may be given again. Default: all is compared. */
  readonly ignore?: string | readonly string[] | undefined
  /** A picture of the same size: only what is not black in it is compared. Default: all is compared. */
  readonly mask?: string | undefined
  /** Ignore this many pixels along each edge, at least 0. Default: 0. */
  readonly ignoreBorder?: number | undefined
  /** Strict: alpha is a channel, and colours count under alpha 0 too; visible: pixels differ as much as they do over black or over white, whichever is more, so hidden colours do not count and half-transparent ones count half; ignore: colours alone. Default: 'strict'. */
  readonly alpha?: 'strict' | 'visible' | 'ignore' | undefined
  /** What to do when colour profiles differ: error counts it as a difference, warn prints a note. Default: 'error'. */
  readonly icc?: 'error' | 'warn' | 'ignore' | undefined
  /** Sizes that differ: error: are a difference; pad: pixels that one of the two lacks differ by the full scale. Default: 'error'. */
  readonly size?: 'error' | 'pad' | undefined
  /** What is white in floats, for %, PSNR and SSIM, at least 1e-30. Default: 1 where those of a picture all lie in 0..1, else 255. */
  readonly full?: number | undefined
}

/** How a batch runs. */
export type BatchOptions = {
  /** Look into the folders of folders. Default: false. */
  readonly recursive?: boolean | undefined
  /** Let an output be its own input. Default: false. */
  readonly inPlace?: boolean | undefined
  /** Make all outputs anew, also those that are up to date. Default: false. */
  readonly force?: boolean | undefined
  /** Say what would be done, and do nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Start no other picture after the first failure. Default: false. */
  readonly failFast?: boolean | undefined
  /** Start no other picture after this many failures. Default: all are tried. */
  readonly maxFailures?: number | string | undefined
  /** Write the paths of the inputs that failed, for filesFrom. */
  readonly failedList?: string | undefined
  /** Write a line of JSON for every picture; {shard} in it is as 2-of-8. */
  readonly log?: string | undefined
  /** How many pictures at once. Default: auto: the cores that this process may use, as Slurm, cgroups and its affinity say. */
  readonly jobs?: number | string | undefined
  /** How much memory the pictures in flight may take, as 2GiB or 50%; one that needs more runs alone. Default: 50 % of what this process may use. */
  readonly memory?: string | undefined
  /** Do only the i-th of n shares; auto: as the engine that runs it says; auto/n: of n. Default: all. */
  readonly shard?: string | undefined
  /** Order: every n-th input; size: shares of about as many bytes. Default: 'order'. */
  readonly shardBy?: 'order' | 'size' | undefined
  /** Wait for another batch with the same outputs, instead of failing. Default: false. */
  readonly wait?: boolean | undefined
}

/** How kernels meet a picture. */
export type CorrelationOptions = {
  /** A name, as gaussian:sigma=2 (convo list kernels); a file, as edge.mat or net.safetensors#conv1.weight; or the numbers. */
  readonly kernel?: KernelInput | undefined
  /** What stands outside the picture. Default: replicate, or what the kernel file says. */
  readonly border?: BorderName | BorderAlias | undefined
  /** The level outside the picture, of 0..255 at any depth; with border: 'constant', 0 to 255. Default: 0. */
  readonly fill?: number | undefined
  /** The tap that meets the output pixel, counted from 0. Default: the middle; floor(k/2) for an even size. */
  readonly anchor?: readonly [x: number, y: number] | undefined
  /** Turn the kernel by 180°: the convolution of mathematics; as written, it is correlated. Default: false. */
  readonly flip?: boolean | undefined
  /** Divide the sum by this. Default: the kernel's own. */
  readonly scale?: number | undefined
  /** Divide the sum by the sum of the weights, so that flat areas keep their level. Default: false. */
  readonly normalize?: boolean | undefined
  /** Then add this, in levels of 0..255 at any depth. Default: the kernel's own. */
  readonly bias?: number | undefined
  /** Keep every n-th pixel. Default: 1. */
  readonly stride?: number | readonly number[] | undefined
  /** Spread the taps, n pixels from one to the next. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Pixels around the picture: same, valid, full, one number, y,x or top,bottom,left,right. Default: as many output pixels as there are input pixels, over the stride. */
  readonly padding?: 'same' | 'valid' | 'full' | readonly number[] | number | undefined
  /** Groups of channels that do not see each other, at least 1. Default: 1. */
  readonly groups?: number | undefined
  /** Which arithmetic: auto chooses by kernel and size; direct is the definition itself. Default: 'auto'. */
  readonly algorithm?: 'auto' | 'direct' | 'separable' | 'fft' | undefined
}

/** Options of `sobel`. */
export type SobelOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Rows and columns of the kernel. Default: 3. */
  readonly size?: 3 | 5 | undefined
  /** X: brighter to the right is positive; y: brighter downwards; magnitude: √(x² + y²); angle: of (x, y), -180° to 180° as black to white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Divide so that a full step, black to white, gives full white; an angle stays as it is. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `prewitt`. */
export type PrewittOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: brighter to the right is positive; y: brighter downwards; magnitude: √(x² + y²); angle: of (x, y), -180° to 180° as black to white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Divide so that a full step, black to white, gives full white; an angle stays as it is. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `scharr`. */
export type ScharrOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: brighter to the right is positive; y: brighter downwards; magnitude: √(x² + y²); angle: of (x, y), -180° to 180° as black to white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Divide so that a full step, black to white, gives full white; an angle stays as it is. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `farid`. */
export type FaridOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: brighter to the right is positive; y: brighter downwards; magnitude: √(x² + y²); angle: of (x, y), -180° to 180° as black to white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Divide so that a full step, black to white, gives full white; an angle stays as it is. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `roberts`. */
export type RobertsOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: brighter to the right is positive; y: brighter downwards; magnitude: √(x² + y²); angle: of (x, y), -180° to 180° as black to white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Divide so that a full step, black to white, gives full white; an angle stays as it is. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `kirsch`. */
export type KirschOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Divide so that a full step, black to white, gives full white. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `robinson`. */
export type RobinsonOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** How many different weights the masks have. Default: 5. */
  readonly level?: 3 | 5 | undefined
  /** Divide so that a full step, black to white, gives full white. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `compass`. */
export type CompassOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Divide so that a full step, black to white, gives full white. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `freiChen`. */
export type FreiChenOptions = Omit<CorrelationOptions, 'kernel' | 'groups'>

/** Options of `laplacian`. */
export type LaplacianOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** How many neighbours the middle is held against. Default: 4. */
  readonly neighbours?: 4 | 8 | undefined
}

/** Options of `log`. */
export type LogOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation, in pixels, 0.3 to 30. Default: 1. */
  readonly sigma?: number | undefined
}

/** Options of `dog`. */
export type DogOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation of the first, in pixels, 0.1 to 500. Default: 1. */
  readonly sigma?: number | undefined
  /** Standard deviation of the second (default: 1.6 times the first), 0.1 to 500. */
  readonly sigma2?: number | undefined
  /** The second as a multiple of the first, 0.01 to 100. */
  readonly ratio?: number | undefined
}

/** Options of `outline`. */
export type OutlineOptions = Omit<CorrelationOptions, 'kernel' | 'groups'>

/** Options of `line`. */
export type LineOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Direction of the line in degrees, counterclockwise. Default: 0. */
  readonly angle?: 0 | 45 | 90 | 135 | undefined
}

/** Options of `gaussian`. */
export type GaussianOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation, in pixels, 0.1 to 500. Default: 1. */
  readonly sigma?: number | undefined
  /** Standard deviation downwards, if another, 0.1 to 500. */
  readonly sigmaY?: number | undefined
}

/** Options of `binomial`. */
export type BinomialOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Pixels on each side of the middle, 1 to 100. Default: 1. */
  readonly radius?: number | undefined
}

/** Options of `box`. */
export type BoxOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Width and height in pixels; one number for both, 1 to 2047. Default: 3. */
  readonly size?: number | readonly number[] | undefined
}

/** Options of `disk`. */
export type DiskOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Radius of the circle, in pixels, 0.5 to 1000. Default: 3. */
  readonly radius?: number | undefined
}

/** Options of `motion`. */
export type MotionOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Length of the line, in pixels, 1 to 2000. Default: 9. */
  readonly length?: number | undefined
  /** Direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `savgol`. */
export type SavgolOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Smooth5, smooth7: value of the fit; d1, d2: its first and second derivative. Default: 'smooth5'. */
  readonly kind?: 'smooth5' | 'smooth7' | 'd1' | 'd2' | undefined
  /** X: along rows; y: along columns; both: one after the other. Default: 'x'. */
  readonly axis?: 'x' | 'y' | 'both' | undefined
}

/** Options of `sharpen`. */
export type SharpenOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** How much of the difference is added, 0 to 100. Default: 1. */
  readonly amount?: number | undefined
}

/** Options of `unsharp`. */
export type UnsharpOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation of the blur, in pixels, 0.1 to 500. Default: 1. */
  readonly sigma?: number | undefined
  /** How much of the difference is added, 0 to 100. Default: 1. */
  readonly amount?: number | undefined
  /** Differences up to this stay, in levels of 0..255, 0 to 255. Default: 0. */
  readonly threshold?: number | undefined
}

/** Options of `highpass`. */
export type HighpassOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation of the blur, in pixels, 0.1 to 500. Default: 3. */
  readonly sigma?: number | undefined
}

/** Options of `localContrast`. */
export type LocalContrastOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation of the blur, in pixels, 0.1 to 500. Default: 30. */
  readonly sigma?: number | undefined
  /** How much of the difference is added, 0 to 100. Default: 0.4. */
  readonly amount?: number | undefined
}

/** Options of `emboss`. */
export type EmbossOptions = Omit<CorrelationOptions, 'kernel' | 'groups'>

/** Options of `gabor`. */
export type GaborOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Standard deviation of the envelope across the stripes, in pixels, 0.3 to 30. Default: 3. */
  readonly sigma?: number | undefined
  /** Direction across the stripes in degrees, from right towards down, -360 to 360. Default: 0. */
  readonly theta?: number | undefined
  /** Width of a stripe and its gap, in pixels, 2 to 500. Default: 6. */
  readonly lambda?: number | undefined
  /** Width of the envelope across the stripes over its length along them, 0.1 to 10. Default: 0.5. */
  readonly gamma?: number | undefined
  /** Phase in degrees: 0 a bright stripe in the middle, 90 an edge, -360 to 360. Default: 0. */
  readonly psi?: number | undefined
  /** Answer 0 to flat areas. Default: false. */
  readonly zeroMean?: boolean | undefined
}

/** Options of `canny`. */
export type CannyOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Standard deviation of the smoothing before, in pixels; 0 for none, 0 to 100. Default: 1. */
  readonly sigma?: number | undefined
  /** Magnitude from which an edge is followed, in levels of 0..255 as sobel gives them, 0 to 1500. Default: 25.5. */
  readonly low?: number | undefined
  /** Magnitude from which an edge begins, 0 to 1500. Default: 51. */
  readonly high?: number | undefined
}

/** Options of `structureTensor`. */
export type StructureTensorOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Standard deviation of the surroundings, in pixels, 0.1 to 100. Default: 2. */
  readonly sigma?: number | undefined
  /** Coherence: 0 in all directions alike, white in one; angle: across the stripes, black to white for -90° to 90°; larger, smaller: the eigenvalues times white, for .npy or range: 'minmax'. Default: 'coherence'. */
  readonly give?: 'coherence' | 'angle' | 'larger' | 'smaller' | undefined
}

/** Options of `harris`. */
export type HarrisOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Standard deviation of the surroundings, in pixels, 0.1 to 100. Default: 1. */
  readonly sigma?: number | undefined
  /** How much an edge counts against a corner, 0 to 0.25. Default: 0.05. */
  readonly kappa?: number | undefined
}

/** Options of `bilateral`. */
export type BilateralOptions = {
  /** Pixels across the neighbourhood, odd. Default: 9. */
  readonly size?: number | undefined
  /** Distance that counts as far, in pixels, 0.1 to 1000. Default: half of what the neighbourhood reaches. */
  readonly sigmaSpace?: number | undefined
  /** Difference that counts as an edge, in levels of 0..255, 0.01 to 1000000. Default: 25. */
  readonly sigmaColor?: number | undefined
}

/** Options of `nlmeans`. */
export type NlmeansOptions = {
  /** Pixels across the neighbourhood, odd. Default: 11. */
  readonly size?: number | undefined
  /** Pixels across a patch, odd. Default: 5. */
  readonly patch?: number | undefined
  /** Difference of patches that are still alike, in levels of 0..255: about half of the noise, 0.01 to 1000000. Default: 10. */
  readonly strength?: number | undefined
}

/** Options of `guided`. */
export type GuidedOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Pixels on each side of the middle of a square, 1 to 500. Default: 4. */
  readonly radius?: number | undefined
  /** Contrast that counts as an edge, in levels of 0..255, 0.01 to 1000. Default: 25.5. */
  readonly edge?: number | undefined
  /** Self: each channel guides itself; luminance: one guide for all. Default: 'self'. */
  readonly guide?: 'self' | 'luminance' | undefined
}

/** Options of `wiener`. */
export type WienerOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** How much noise is expected: more is smoother, 1e-9 to 1000000. Default: 0.01. */
  readonly balance?: number | undefined
  /** What noise is: fine grain, or of all frequencies alike. Default: 'laplacian'. */
  readonly penalty?: 'laplacian' | 'flat' | undefined
}

/** Options of `richardsonLucy`. */
export type RichardsonLucyOptions = Pick<CorrelationOptions, 'kernel'> & {
  /** How often: more is sharper, and noisier, 1 to 10000. Default: 20. */
  readonly iterations?: number | undefined
  /** Differences below this, in levels of 0..255, are taken for noise and not followed, 0 to 255. Default: 0. */
  readonly damping?: number | undefined
}

/** Options of `median`. */
export type MedianOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `percentile`. */
export type PercentileOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
  /** In percent: 0 the smallest sample, 50 the middle one, 100 the largest, 0 to 100. Default: 50. */
  readonly rank?: number | undefined
}

/** Options of `erode`. */
export type ErodeOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `minimum`. */
export type MinimumOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `dilate`. */
export type DilateOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `maximum`. */
export type MaximumOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `open`. */
export type OpenOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `close`. */
export type CloseOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `gradient`. */
export type GradientOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `tophat`. */
export type TophatOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `blackhat`. */
export type BlackhatOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3; with kernel: 'its' size. */
  readonly size?: number | readonly number[] | undefined
  /** Square: a square or rectangle; disk: pixels no farther from the middle than (size − 1)/2; diamond: the same distance counted along rows and columns; line: as long as the size, at angle. Another window: kernel, whose weights other than 0 belong to it. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Of a line: its direction in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `resize`. */
export type ResizeOptions = {
  /** Pixels across, 1 to 1000000. Default: as the height says. */
  readonly width?: number | undefined
  /** Pixels down, 1 to 1000000. Default: as the width says. */
  readonly height?: number | undefined
  /** The new size over the old: 0.5, 50% or 2. Default: 0.5 unless a width or height is given. */
  readonly by?: number | string | undefined
  /** With width and height. stretch: exactly that size, whatever the proportions; inside: as large as fits into it; cover: as small as covers it, and of that the middle. Default: stretch. */
  readonly fit?: 'stretch' | 'inside' | 'cover' | undefined
  /** How samples are weighed: nearest picks one, box is their mean, bilinear a tent, catmull-rom and mitchell cubics, lanczos2 and lanczos3 windowed sincs. Default: 'lanczos3'. */
  readonly curve?: 'nearest' | 'box' | 'bilinear' | 'catmull-rom' | 'mitchell' | 'lanczos2' | 'lanczos3' | undefined
}

/** Options of `crop`. */
export type CropOptions = {
  /** Width and height in pixels; one number for both, 1 to 1000000. Default: 256. */
  readonly size?: string | undefined
  /** Left and top of the rectangle, from 0, at least 0. Default: the middle. */
  readonly at?: readonly [x: number, y: number] | undefined
}

/** Options of `pad`. */
export type PadOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Pixels on each side: one number; y,x; or top,bottom,left,right, 0 to 1000000. Default: 16. */
  readonly by?: number | readonly number[] | undefined
}

/** Options of `conv2d`. */
export type Conv2dOptions = CorrelationOptions

/** Options of `conv3d`. */
export type Conv3dOptions = Omit<CorrelationOptions, 'anchor' | 'stride' | 'dilation' | 'padding' | 'algorithm'> & {
  /** A kernel by name. Default: gaussian, unless there is a kernel. */
  readonly filter?: 'gaussian' | 'sobel' | 'sobel-x' | 'sobel-y' | 'sobel-z' | 'box' | undefined
  /** Of the gaussian, in samples, 0.1 to 50. Default: 1. */
  readonly sigma?: number | undefined
  /** Samples from one output sample to the next, at least 1. Default: 1. */
  readonly stride?: number | readonly number[] | undefined
  /** Samples from one tap to the next, at least 1. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Samples around the volume: same, valid, full, one number or z,y,x. Default: as many output samples as there are input samples, over the stride. */
  readonly padding?: 'same' | 'valid' | 'full' | readonly number[] | number | undefined
}

/** Options of `pointwise`. */
export type PointwiseOptions = Pick<CorrelationOptions, 'kernel' | 'scale' | 'normalize' | 'bias'> & {
  /** A matrix by name. Default: sepia, unless there is a kernel. */
  readonly preset?: 'sepia' | 'gray' | 'swap' | 'invert' | undefined
  /** What every result goes through; for sigmoid and tanh black counts as 0 and white as 1. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'sigmoid' | 'tanh' | undefined
}

/** Options of `separable`. */
export type SeparableOptions = Omit<CorrelationOptions, 'groups'> & {
  /** The kernel down the columns, with row. Default: factored from kernel. */
  readonly col?: readonly number[] | undefined
  /** The kernel along the rows, with col. Default: factored from kernel. */
  readonly row?: readonly number[] | undefined
  /** Approximate by this many products of a column and a row, at least 1. Default: the kernel must be one such product. */
  readonly rank?: number | undefined
}

/** Options of `depthwise`. */
export type DepthwiseOptions = Omit<CorrelationOptions, 'groups'>

/** Options of `depthwiseSeparable`. */
export type DepthwiseSeparableOptions = Omit<CorrelationOptions, 'groups'> & {
  /** The second step: a matrix as file or as numbers, a row for each output channel. Default: the identity: no mixing. */
  readonly pointwise?: string | undefined
}

/** Options of `grouped`. */
export type GroupedOptions = CorrelationOptions

/** Options of `dilated`. */
export type DilatedOptions = Omit<CorrelationOptions, 'dilation'> & {
  /** The rate l: pixels from one tap to the next, at least 1. Default: 2. */
  readonly dilation?: number | readonly number[] | undefined
}

/** Options of `transposed`. */
export type TransposedOptions = Omit<CorrelationOptions, 'border' | 'fill' | 'anchor' | 'stride' | 'algorithm'> & {
  /** Output pixels from one input pixel to the next, at least 1. Default: 2. */
  readonly stride?: number | readonly number[] | undefined
  /** A kernel by name, for the stride at hand. Default: bilinear, unless there is a kernel. */
  readonly upsample?: 'bilinear' | 'nearest' | undefined
  /** Rows and columns added below and on the right, at least 0. Default: 0. */
  readonly outputPadding?: number | readonly number[] | undefined
}

/** Options of `maxpool`. */
export type MaxpoolOptions = {
  /** Height and width of the window, of a volume its depth before them, at least 1. Default: 2. */
  readonly size?: number | readonly number[] | undefined
  /** Pixels from one window to the next, at least 1. Default: the size of the window. */
  readonly stride?: number | readonly number[] | undefined
  /** Pixels around the picture, which never win, at least 0. Default: 0. */
  readonly padding?: number | readonly number[] | undefined
  /** Pixels from one sample of the window to the next, at least 1. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Let the last windows reach over the edge, so that no pixel is left out. Default: false. */
  readonly ceil?: boolean | undefined
}

/** Options of `unpool`. */
export type UnpoolOptions = Omit<CorrelationOptions, 'stride' | 'dilation' | 'padding' | 'groups' | 'algorithm'> & {
  /** Height and width of the windows, at least 1. Default: 2. */
  readonly size?: number | readonly number[] | undefined
  /** Show the unpooled picture, without smoothing. Default: false. */
  readonly bare?: boolean | undefined
  /** Convolve and no more: where maxima stand close together the result is bright. Default: false. */
  readonly plain?: boolean | undefined
}

/** Options of `involution`. */
export type InvolutionOptions = {
  /** The rule that makes the kernels. Default: bilateral, unless there are weights. */
  readonly generator?: 'bilateral' | 'attention' | undefined
  /** Pixels across the neighbourhood, odd. Default: 5; with weights: 'what' they say. */
  readonly size?: number | undefined
  /** Bilateral: distance that counts as far, in pixels, 0.1 to 1000. Default: half of what the neighbourhood reaches. */
  readonly sigmaSpace?: number | undefined
  /** Bilateral: difference that counts as an edge, in levels of 0..255, 0.01 to 1000000. Default: 25. */
  readonly sigmaRange?: number | undefined
  /** Attention: difference of patches that is still alike, in levels of 0..255, 0.01 to 1000000. Default: 10. */
  readonly temperature?: number | undefined
  /** Pixels from one neighbour to the next, 1 to 1000. Default: 1. */
  readonly dilation?: number | undefined
  /** With weights: keep every n-th pixel, at least 1. Default: 1. */
  readonly stride?: number | undefined
  /** A .safetensors file, or a folder of .npy files, with reduce.weight [R,C,1,1], span.weight [K·K·G,R,1,1], and if there are reduce.bias, span.bias, bn.weight, bn.bias, bn.running_mean, bn.running_var; file#prefix. when their names have a prefix. Default: the kernels are made by the rule of generator. */
  readonly weights?: string | undefined
}

/** Options of `relu`. */
export type ReluOptions = Readonly<Record<string, never>>

/** Options of `threshold`. */
export type ThresholdOptions = {
  /** The level, of 0..255 at any depth. Default: 128. */
  readonly at?: number | undefined
  /** Leave what is above as it is. Default: false. */
  readonly keep?: boolean | undefined
}

/** Options of `normalize`. */
export type NormalizeOptions = {
  /** One number or one for each channel, white being 1. Default: stretch. */
  readonly mean?: readonly number[] | undefined
  /** The same, none of them 0. Default: 1, with mean. */
  readonly std?: readonly number[] | undefined
  /** Stretch every channel on its own. Default: false. */
  readonly each?: boolean | undefined
}

/** The operations, each a method that adds it to a chain. */
export interface Methods<C> {
  /**
   * Finds edges: smoothed differences of neighbours.
   *
   * Source: I. Sobel, G. Feldman 1968: -1 0 1; -2 0 2; -1 0 1 and its transpose; size 5: 1 4 6 4 1 down, -1 -2 0 2 1 across. Raw gain, as in ImageMagick, OpenCV and FFmpeg: a step of 64 levels saturates; scikit-image divides by 4, and the magnitude by √2.
   */
  sobel(options?: SobelOptions): C

  /**
   * Finds edges: differences of the means of three neighbours.
   *
   * Source: J. Prewitt 1970: -1 0 1 in three rows, and its transpose. Raw gain; scikit-image divides by 3.
   */
  prewitt(options?: PrewittOptions): C

  /**
   * Finds edges with directions that are nearly right.
   *
   * Source: H. Scharr 2000: -3 0 3; -10 0 10; -3 0 3 and its transpose, as in OpenCV and libvips. Raw gain; scikit-image divides by 16; FFmpeg has 47 162 47 over 256.
   */
  scharr(options?: ScharrOptions): C

  /**
   * Finds edges with a 5x5 pair made for right directions.
   *
   * Source: H. Farid, E. Simoncelli 2004: five taps of smoothing and difference made for each other, the numbers of scikit-image.
   */
  farid(options?: FaridOptions): C

  /**
   * Finds edges with the smallest kernels: differences along the two diagonals.
   *
   * Source: L. Roberts 1963: x is 1 0; 0 -1, y is 0 1; -1 0, so their angle is that of the gradient plus 135°. The anchor is the lower right tap, floor(2/2); ImageMagick and G’MIC take the upper left. A full upright or level step gives √2. FFmpeg’s roberts is another filter.
   */
  roberts(options?: RobertsOptions): C

  /**
   * Finds edges in eight directions and keeps the strongest.
   *
   * Source: R. Kirsch 1971: 5 5 5; -3 0 -3; -3 -3 -3 in 8 rotations, the largest. Raw gain 15.
   */
  kirsch(options?: KirschOptions): C

  /**
   * Finds edges in eight directions with plain weights, and keeps the strongest.
   *
   * Source: G. Robinson 1977: level 5 is 1 2 1; 0 0 0; -1 -2 -1, level 3 is 1 1 1; 0 0 0; -1 -1 -1, in 8 rotations, the largest. Raw gain 4 and 3.
   */
  robinson(options?: RobinsonOptions): C

  /**
   * Finds edges in eight directions with the Prewitt compass, and keeps the strongest.
   *
   * Source: J. Prewitt 1970: -1 1 1; -1 -2 1; -1 1 1 in 8 rotations, the largest. Raw gain 5. ImageMagick’s kernel Compass.
   */
  compass(options?: CompassOptions): C

  /**
   * Shows how much of a neighbourhood is an edge, whatever its contrast.
   *
   * Source: W. Frei, C. Chen 1977: nine orthonormal masks; the result is √(edge energy / all energy), masks 1 to 4 over 1 to 9. ImageMagick’s set is not orthonormal: two of its masks carry a wrong sign.
   */
  freiChen(options?: FreiChenOptions): C

  /**
   * Shows where the picture bends: darker or brighter than its neighbours.
   *
   * Source: 4 neighbours: 0 1 0; 1 -4 1; 0 1 0; 8 neighbours: 1 1 1; 1 -8 1; 1 1 1. The middle is negative, as in OpenCV and SciPy; positive in scikit-image and ImageMagick. OpenCV’s ksize 3 is 2 0 2; 0 -8 0; 2 0 2.
   */
  laplacian(options?: LaplacianOptions): C

  /**
   * Finds spots and edges of one size: the Laplacian of a Gaussian.
   *
   * Source: D. Marr, E. Hildreth 1980: (r² − 2σ²)/σ⁴ · exp(−r²/2σ²), cut at trunc(4σ + 0.5), mean removed. Without the factor 1/2πσ² of SciPy and MATLAB, so that the answer does not fade as sigma grows. ImageMagick has the other sign.
   */
  log(options?: LogOptions): C

  /**
   * Keeps details between two sizes: the difference of two Gaussians.
   *
   * Source: G(σ) − G(σ2), each as the filter gaussian; σ2 = 1.6 σ comes nearest to the Laplacian (D. Marr, E. Hildreth 1980).
   */
  dog(options?: DogOptions): C

  /**
   * Draws outlines: each pixel against its eight neighbours.
   *
   * Source: -1 -1 -1; -1 8 -1; -1 -1 -1, the negative of laplacian with 8 neighbours; Pillow’s FIND_EDGES.
   */
  outline(options?: OutlineOptions): C

  /**
   * Finds bright lines of one direction, one pixel wide.
   *
   * Source: The line masks of the textbooks: -1 -1 -1; 2 2 2; -1 -1 -1 and its rotations. 45 rises to the right; books whose x axis points down call that -45.
   */
  line(options?: LineOptions): C

  /**
   * Smooths with a bell curve.
   *
   * Source: Exp(−i²/2σ²), normalised to 1, radius trunc(4σ + 0.5): SciPy’s rule. libvips, sharp and ImageMagick cut the tail earlier; cut at 3σ a thousandth of the weight is lost.
   */
  gaussian(options?: GaussianOptions): C

  /**
   * Smooths with a row of Pascal’s triangle, nearly a bell curve, in whole numbers.
   *
   * Source: Row 2r of Pascal’s triangle down and across, over 4^(2r). ImageMagick leaves it unnormalised.
   */
  binomial(options?: BinomialOptions): C

  /**
   * Takes the mean of a rectangle.
   *
   * Source: Ones, over their number. An even size has its anchor at floor(k/2), as in OpenCV, libvips and SciPy; ImageMagick and G’MIC take (k−1)/2.
   */
  box(options?: BoxOptions): C

  /**
   * Blurs as a lens out of focus.
   *
   * Source: Each weight is the area of its pixel inside the circle, normalised to 1, as in MATLAB’s fspecial. ImageMagick’s disk is binary.
   */
  disk(options?: DiskOptions): C

  /**
   * Blurs along a line, as a moving camera.
   *
   * Source: As documented for MATLAB’s fspecial: 1 − the distance to the segment, at least 0, normalised to 1. A length of 9 at 0° is nine times 1/9.
   */
  motion(options?: MotionOptions): C

  /**
   * Fits a polynomial along rows or columns: smooths without flattening peaks, or takes its slope.
   *
   * Source: A. Savitzky, M. Golay 1964: smooth5 -3 12 17 12 -3 over 35, smooth7 -2 3 6 7 6 3 -2 over 21, d1 -2 -1 0 1 2 over 10, d2 2 -1 -2 -1 2 over 7. d1 is positive where it gets brighter; SciPy’s is flipped.
   */
  savgol(options?: SavgolOptions): C

  /**
   * Sharpens: adds what sets each pixel apart from its four neighbours.
   *
   * Source: 0 -1 0; -1 5 -1; 0 -1 0, that is the picture less its laplacian. sharp has -1 and 32 over 24, Pillow -2 and 32 over 16.
   */
  sharpen(options?: SharpenOptions): C

  /**
   * Sharpens with an unsharp mask: adds what a blur takes away.
   *
   * Source: I + amount (I − G(σ) I) where |I − G(σ) I| exceeds the threshold, else I; G as the filter gaussian.
   */
  unsharp(options?: UnsharpOptions): C

  /**
   * Keeps what is smaller than a blur: the picture less its low frequencies, about middle gray.
   *
   * Source: I − G(σ) I, G as the filter gaussian, plus 127.5 levels; bias: 0 range: 'raw' into .npy keeps the sign.
   */
  highpass(options?: HighpassOptions): C

  /**
   * Lifts what stands out from wide surroundings: haze goes, shapes get depth.
   *
   * Source: An unsharp mask of a wide blur: I + amount (I − G(σ) I), G as the filter gaussian. ImageMagick’s -local-contrast blurs by a tent.
   */
  localContrast(options?: LocalContrastOptions): C

  /**
   * Makes a relief, lit from the upper left.
   *
   * Source: -2 -1 0; -1 1 1; 0 1 2, of sum 1. Pillow has -1 0 0; 0 1 0; 0 0 0 and adds 128.
   */
  emboss(options?: EmbossOptions): C

  /**
   * Answers to stripes of one direction and width.
   *
   * Source: D. Gabor 1946, J. Daugman 1985: exp(−(x′² + γ² y′²)/2σ²) · cos(2π x′/λ + ψ), x′ = x cos θ + y sin θ, over the sum of its positive weights, so that black and white stripes that fit are white; cut at 4 standard deviations. OpenCV leaves it unnormalised (scale: 1) and takes radians.
   */
  gabor(options?: GaborOptions): C

  /**
   * Draws edges as lines one pixel wide, and leaves out those that hang on nothing strong.
   *
   * Source: Canny 1986, as in scikit-image with mode="nearest", of the luminance; in float32, so that samples that are equal there to the last digit may fall otherwise. OpenCV takes whole numbers, four directions and no smoothing
   */
  canny(options?: CannyOptions): C

  /**
   * Measures how much the surroundings run in one direction, and in which.
   *
   * Source: Förstner 1986, Bigün and Granlund 1987; channels summed as Di Zenzo 1986. gx and gy are Sobel over 8, so the eigenvalues are 1/64 of scikit-image’s
   */
  structureTensor(options?: StructureTensorOptions): C

  /**
   * Answers to corners: positive there, negative at edges, 0 where it is flat.
   *
   * Source: Harris and Stephens 1988. Small numbers: for .npy or range: 'minmax.' gx and gy are Sobel over 8, so it is 1/4096 of scikit-image’s corner_harris
   */
  harris(options?: HarrisOptions): C

  /**
   * Smooths but keeps edges: near pixels count as far as they have a like colour.
   *
   * Source: Tomasi and Manduchi 1998; the involution with the generator bilateral. The difference of two colours is the root mean square over channels, of a gray picture that of the levels; OpenCV adds up the channels’ absolute differences, and takes a round window
   */
  bilateral(options?: BilateralOptions): C

  /**
   * Takes out noise: averages pixels whose surroundings look alike.
   *
   * Source: Buades, Coll and Morel 2005; the involution with the generator attention. scikit-image and OpenCV write h² for 2 strength², and subtract the variance of the noise
   */
  nlmeans(options?: NlmeansOptions): C

  /**
   * Smooths but keeps the edges of a guide, without halos and at any radius.
   *
   * Source: He, Sun and Tang 2013. Squares at the edge see the border, where He divides by the pixels inside. edge is the root of He’s epsilon
   */
  guided(options?: GuidedOptions): C

  /**
   * Undoes a known blur in one step: divides its frequencies out as far as noise allows.
   *
   * Source: Wiener 1949; with penalty: 'laplacian' Hunt 1971, which is scikit-image’s wiener. The kernel that does it is computed in float64 and cut where what is left out sums to 1/1024, and then applied as any other, so that the border is symmetric, or what border: 'says,' and not the other side of the picture
   */
  wiener(options: WienerOptions & { readonly kernel: KernelInput }): C

  /**
   * Undoes a known blur step by step, and never below black.
   *
   * Source: Richardson 1972, Lucy 1974. Pixels outside that the picture’s own see are estimated too, so that borders do not ring (Bertero and Boccacci 2005); scikit-image takes them for black. Damping as White 1994, for noise that is the same everywhere
   */
  richardsonLucy(options: RichardsonLucyOptions & { readonly kernel: KernelInput }): C

  /**
   * Takes the middle one of the samples around: removes specks, keeps edges.
   *
   * Source: Tukey 1971; the rank is SciPy’s, and of an odd window the only middle there is
   */
  median(options?: MedianOptions): C

  /**
   * Takes the sample around that a part of the others lies below.
   *
   * Source: SciPy’s percentile_filter; 0 is the smallest, 50 the median, 100 the largest
   */
  percentile(options?: PercentileOptions): C

  /**
   * Takes the smallest sample around: bright parts shrink.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  erode(options?: ErodeOptions): C

  /**
   * Takes the smallest sample around; another name of erode.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  minimum(options?: MinimumOptions): C

  /**
   * Takes the largest sample around: bright parts grow.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  dilate(options?: DilateOptions): C

  /**
   * Takes the largest sample around; another name of dilate.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  maximum(options?: MaximumOptions): C

  /**
   * Erodes, then dilates: bright parts that the window does not fit into go.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  open(options?: OpenOptions): C

  /**
   * Dilates, then erodes: dark parts that the window does not fit into go.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  close(options?: CloseOptions): C

  /**
   * Outlines parts: the largest sample around less the smallest.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there; Beucher’s gradient. sobel is the gradient of a smoothed picture
   */
  gradient(options?: GradientOptions): C

  /**
   * Keeps bright parts smaller than the window: the picture less what open leaves.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there; Meyer’s white top hat
   */
  tophat(options?: TophatOptions): C

  /**
   * Keeps dark parts smaller than the window: what close makes less the picture.
   *
   * Source: Serra 1982, flat windows. What lies outside does not count unless border says otherwise, as in OpenCV; SciPy and scikit-image mirror the picture there; Meyer’s black top hat
   */
  blackhat(options?: BlackhatOptions): C

  /**
   * Makes the picture smaller or larger by weighing the samples around each place.
   *
   * Source: Pillow’s rule, without its rounding between the two passes. Cubics of Mitchell and Netravali 1988: catmull-rom is Pillow’s BICUBIC, mitchell ImageMagick’s default for enlarging; OpenCV’s bicubic has the parameter −0.75, and does not widen the curve where the picture gets smaller
   */
  resize(options?: ResizeOptions): C

  /**
   * Keeps a rectangle of the picture.
   *
   * Source: Samples as they are, at the same depth
   */
  crop(options?: CropOptions): C

  /**
   * Adds pixels around the picture.
   *
   * Source: The border modes of convo list borders
   */
  pad(options?: PadOptions): C

  /**
   * Correlates with any kernel: a plane, a sum over channels, or a bank of filters.
   *
   * Source: LeCun et al. 1998; cross-correlation, as in the frameworks and OpenCV: flip for the convolution of mathematics
   */
  conv2d(options: Conv2dOptions & { readonly kernel: KernelInput }): C

  /**
   * Correlates a volume with a kernel that slides in three directions.
   *
   * Source: Ji et al. 2013; Tran et al. 2015. By name: gaussian, exp(−r²/2σ²) cut at 4σ as SciPy’s; sobel, the length of the gradient by -1 0 1 along an axis and 1 2 1 along the others, / 4 so that its gain is that of the 2-D sobel; box, the mean of 3x3x3. A kernel [kD,kH,kW] meets every channel on its own
   */
  conv3d(options?: Conv3dOptions): C

  /**
   * Mixes the channels of every pixel anew: colour matrices, layers 1x1.
   *
   * Source: Lin, Chen and Yan 2013. sepia: the matrix of Microsoft’s colour-matrix samples; gray: Rec. 709; swap: red and blue; invert: 255 − x. A kernel has a row for each output channel and a column for each input channel
   */
  pointwise(options?: PointwiseOptions): C

  /**
   * Correlates down the columns and then along the rows, with kH + kW numbers instead of kH · kW.
   *
   * Source: The kernel must be the outer product of a column and a row. For any other, the error lists the singular values; rank: 'approximates' it by a sum of such products (Eckart and Young 1936) and prints the error. The default is 1 4 6 4 1 in both directions
   */
  separable(options?: SeparableOptions): C

  /**
   * Correlates every channel with filters of its own, and sums over none.
   *
   * Source: Sifre 2014. A kernel [kH,kW] serves all channels, [C,kH,kW] has one for each, [C·m,1,kH,kW] m for each; sharpens unless kernel says otherwise
   */
  depthwise(options?: DepthwiseOptions): C

  /**
   * Correlates every channel on its own, then mixes the channels by a 1x1.
   *
   * Source: Sifre 2014; Chollet 2017; Howard et al. 2017. Sharpens and mixes nothing unless kernel and pointwise: 'say' otherwise
   */
  depthwiseSeparable(options?: DepthwiseSeparableOptions): C

  /**
   * Gives each group of channels its own filters; by default, each colour channel has one filter.
   *
   * Source: Krizhevsky, Sutskever and Hinton 2012. Unless kernel says otherwise: red blurred across, green as it is, blue blurred down, 9 pixels each
   */
  grouped(options?: GroupedOptions): C

  /**
   * Correlates with a kernel whose taps are spread apart, so that it sees more with the same weights.
   *
   * Source: Yu and Koltun 2016; the algorithme à trous, Holschneider et al. 1989. The kernel sharpens unless kernel says otherwise
   */
  dilated(options?: DilatedOptions): C

  /**
   * Paints a kernel for every pixel, a stride apart, and adds the overlaps: upsampling.
   *
   * Source: Zeiler et al. 2010; Dumoulin and Visin 2016. Unless kernel says otherwise every pixel becomes stride x stride of them, bilinear (Long, Shelhamer and Darrell 2015) or nearest, the edge repeated
   */
  transposed(options?: TransposedOptions): C

  /**
   * Keeps the largest sample of every window; the default, 2x2, halves the picture.
   *
   * Source: Ranzato et al. 2007; PyTorch’s max_pool2d and max_pool3d. Every channel on its own
   */
  maxpool(options?: MaxpoolOptions): C

  /**
   * Pools, puts every maximum back where it stood, and smooths: the second way of transposed convolution.
   *
   * Source: Zeiler and Fergus 2014; Noh, Hong and Han 2015. Unless kernel says otherwise the tent that reaches from one window to the next (for 2x2 the 3x3 kernel 1 2 1 down and across over 4), its sums divided by what share of it met a maximum: normalized convolution, Knutsson and Westin 1993. plain: 'leaves' the division out
   */
  unpool(options?: UnpoolOptions): C

  /**
   * Gives every pixel a kernel of its own, made from the picture: smooths while keeping edges.
   *
   * Source: Li et al. 2021. bilateral: weights fall with distance and with difference (Tomasi and Manduchi 1998); attention: softmax of the likeness of 3x3 patches over the neighbourhood, which is non-local means (Buades, Coll and Morel 2005); or trained weights from a file
   */
  involution(options?: InvolutionOptions): C

  /**
   * Sets what is below 0 to 0.
   *
   * Source: Nair and Hinton 2010
   */
  relu(options?: ReluOptions): C

  /**
   * Makes white what is above a level, and black the rest.
   *
   * Source: With keep: 'PyTorch'’s Threshold with value 0
   */
  threshold(options?: ThresholdOptions): C

  /**
   * Stretches smallest to largest over black to white, or makes of levels what a network was trained on.
   *
   * Source: The preprocessing of torchvision’s Normalize, whose numbers mean and std: 'take'; a flat picture becomes black
   */
  normalize(options?: NormalizeOptions): C
}
