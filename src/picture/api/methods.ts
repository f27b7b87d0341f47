// Made by npm run docs from the tables of operations and settings.
import type { BorderAlias, BorderName } from '../../tensor/border.ts'
import type { KernelInput } from './kernel-input.ts'

/** How a picture is read, computed and written. */
export type PictureOptions = {
  /** How results become pixels. clamp: clip below black and above white; abs: drop the sign; offset: 0 becomes middle gray; minmax: stretch the smallest value to black and the largest to white; raw: unchanged floating point, for .npy. Default: clamp; raw for .npy. */
  readonly range?: 'clamp' | 'abs' | 'offset' | 'minmax' | 'raw' | undefined
  /** Premultiply: colours are weighted by opacity, and alpha is filtered too unless the kernel sums to 0; copy: the same, but alpha is not changed; separate: alpha is one more channel, and hidden colours count; drop: alpha is removed, and hidden colours become visible. Default: premultiply; copy for operators that mix channels. */
  readonly alpha?: 'premultiply' | 'separate' | 'copy' | 'drop' | undefined
  /** Flatten transparent pixels onto this colour first: #rgb, #rrggbb or a name such as white. Default: alpha is kept. */
  readonly background?: string | undefined
  /** Restrict the operation to a rectangle; elsewhere the input is kept. Default: all of the picture. */
  readonly region?: string | readonly [x: number, y: number, width: number, height: number] | undefined
  /** Restrict the operation with a picture of the same size: the result where it is white, the input where it is black, a mixture where it is gray. Default: the result everywhere. */
  readonly mask?: string | undefined
  /** Share of the result; the rest is the input, 0 to 1. Default: 1. */
  readonly mix?: number | undefined
  /** Filter only the luma (Rec. 709, as gray): its change is added to red, green and blue, which keeps the colours. Default: every channel is filtered. */
  readonly channelsOf?: 'luma' | undefined
  /** For results with many channels: all on one sheet, one file each (numbered from 1), only the first, or a list (counted from 0). Default: gray for 1 channel, RGB for 3, montage for more. */
  readonly channels?: 'montage' | 'split' | 'first' | readonly number[] | undefined
  /** Stretch all maps of a sheet together, or each map by itself. Default: 'shared'. */
  readonly mapRange?: 'shared' | 'each' | undefined
  /** Label the maps of a sheet with their numbers. Default: false. */
  readonly labels?: boolean | undefined
  /** Order of the axes of a .npy input: hwc has the channels last (OpenCV, Pillow, imageio), chw first; auto guesses from the shape. Default: 'auto'. */
  readonly layout?: 'auto' | 'hwc' | 'chw' | undefined
  /** The value of white in floats and arrays, such as 1, 255 or 4095, at least 1e-30. Default: 255 and 65535 for integers of 8 and 16 bits; 1 for floats within 0..1, otherwise 255. */
  readonly full?: number | undefined
  /** Read only this page of a TIFF or animation, counted from 1, at least 1. Default: all pages if the output can store several, otherwise the first. */
  readonly page?: number | undefined
  /** Convert to gray first. Default: false. */
  readonly gray?: boolean | undefined
  /** Compute in linear light instead of sRGB levels. Default: false. */
  readonly linear?: boolean | undefined
  /** Bits per sample of the output; 32 is floating point, for TIFF. Default: the input's. */
  readonly depth?: 8 | 16 | 32 | undefined
  /** Ignore the EXIF orientation. Default: true. */
  readonly orient?: boolean | undefined
  /** PNG compression level: 0 is none, 9 is smallest and slowest, 0 to 9. Default: a fast level between them. */
  readonly compression?: number | undefined
  /** Quality of JPEG, AVIF and lossy WebP, 1 to 100. Default: JPEG: that of a JPEG input, otherwise 90; AVIF: 80; WebP: lossless. */
  readonly quality?: number | undefined
  /** Encode WebP and AVIF without loss, as WebP is by default. Default: false. */
  readonly lossless?: boolean | undefined
  /** Colour resolution of JPEG and AVIF: for every pixel, or for blocks of 2x2. Default: 4:4:4, or that of a JPEG input for JPEG. */
  readonly subsampling?: '4:4:4' | '4:2:0' | undefined
  /** Effort for smaller files: JPEG 0 to 2, WebP 0 to 6, AVIF 0 to 9, GIF 1 to 10; for PNG use compression, 0 to 10. Default: 0 for JPEG, 4 for WebP and AVIF, 7 for GIF. */
  readonly effort?: number | undefined
  /** Compression of TIFF, always lossless. Default: deflate. */
  readonly tiffCompression?: 'deflate' | 'lzw' | 'packbits' | 'none' | undefined
  /** EXIF, XMP, IPTC, GeoTIFF and text: keep what the output format can store, strip all, or keep only author and copyright. Default: 'keep'. */
  readonly metadata?: 'keep' | 'strip' | 'copyright' | undefined
  /** Refuse pictures with more pixels; accepts suffixes, such as 100M or 2G. Default: 268402689. */
  readonly maxPixels?: number | undefined
  /** Number of threads, 1 to 1024. Default: one per core. */
  readonly threads?: number | undefined
}

/** How a picture that is compared or hashed is read. */
export type ReadOptions = {
  /** Refuse pictures with more pixels; accepts suffixes, such as 100M or 2G. Default: 268402689. */
  readonly maxPixels?: number | undefined
  /** Ignore the EXIF orientation. Default: true. */
  readonly orient?: boolean | undefined
  /** Order of the axes of a .npy input: hwc has the channels last (OpenCV, Pillow, imageio), chw first; auto guesses from the shape. Default: 'auto'. */
  readonly layout?: 'auto' | 'hwc' | 'chw' | undefined
}

/** What two pictures may differ by. */
export type ToleranceOptions = {
  /** Largest allowed difference of a channel, in levels of its own depth, or in % of full scale. Default: 0. */
  readonly maxAbs?: number | string | undefined
  /** Number of pixels allowed to differ, at least 0. Default: 0, unless another limit is set. */
  readonly maxDiffPixels?: number | undefined
  /** Fraction of pixels allowed to differ, 0..1 or %; both limits apply if maxDiffPixels is given too, 0 to 1. Default: see maxDiffPixels. */
  readonly maxDiffRatio?: number | string | undefined
  /** Number of pixels, or n%, allowed to differ in any window of NxN. Default: see maxDiffPixels. */
  readonly maxDensity?: string | undefined
  /** Lowest allowed PSNR, in dB of full scale. Default: off. */
  readonly minPsnr?: number | undefined
  /** Largest allowed root mean square error, in levels, at least 0. Default: off. */
  readonly maxRmse?: number | undefined
  /** Lowest allowed SSIM (Wang 2004: gaussian 11x11, sigma 1.5; mean of the channels), -1..1 or %, -1 to 1. Default: off. */
  readonly minSsim?: number | string | undefined
  /** Let colour distance decide which pixels differ: a fraction of the largest distance; antialiasing is ignored; instead of maxAbs, 8-bit pictures only, 0 to 1. Default: off. */
  readonly perceptual?: number | string | undefined
  /** Colour distance of perceptual: yiq as in pixelmatch 7.2, oklab as in pixelmatch 8.0. Default: 'yiq'. */
  readonly metric?: 'yiq' | 'oklab' | undefined
  /** Ignore: pixels that are antialiased in one of the pictures are not compared. Default: compare; ignore with perceptual. */
  readonly antialiasing?: 'compare' | 'ignore' | undefined
  /** A pixel may be shifted by up to n pixels in each direction, and must then match within maxAbs, 0 to 16. Default: 0. */
  readonly shift?: number | undefined
  /** Treat gray as RGB with equal values, 8 bits as 16 bits, and no alpha as opaque, so that different channels and depths do not count. Default: false. */
  readonly asShown?: boolean | undefined
  /** Ignore a rectangle; repeatable. Default: everything is compared. */
  readonly ignore?: string | readonly string[] | undefined
  /** A picture of the same size; pixels are compared only where it is not black. Default: everything is compared. */
  readonly mask?: string | undefined
  /** Ignore a border of n pixels, at least 0. Default: 0. */
  readonly ignoreBorder?: number | undefined
  /** Strict: alpha is compared like a colour, and colours under alpha 0 count; visible: pixels are compared over black and over white, and the larger difference counts, so hidden colours do not; ignore: only colours are compared. Default: 'strict'. */
  readonly alpha?: 'strict' | 'visible' | 'ignore' | undefined
  /** What to do if colour profiles differ: error counts it as a difference, warn prints a note. Default: 'error'. */
  readonly icc?: 'error' | 'warn' | 'ignore' | undefined
  /** What to do if sizes differ. error: count it as a difference; pad: missing pixels differ by full scale. Default: 'error'. */
  readonly size?: 'error' | 'pad' | undefined
  /** The value of white in floats, for %, PSNR and SSIM, at least 1e-30. Default: 1 for floats within 0..1, otherwise 255. */
  readonly full?: number | undefined
}

/** How a batch runs. */
export type BatchOptions = {
  /** Search folders recursively. Default: false. */
  readonly recursive?: boolean | undefined
  /** Allow an output to replace its input. Default: false. */
  readonly inPlace?: boolean | undefined
  /** Make every output again, even if it is up to date. Default: false. */
  readonly force?: boolean | undefined
  /** Print what would be done, without doing it. Default: false. */
  readonly dryRun?: boolean | undefined
  /** Stop after the first failure. Default: false. */
  readonly failFast?: boolean | undefined
  /** Stop after this many failures. Default: never. */
  readonly maxFailures?: number | string | undefined
  /** Write the paths of failed inputs to a file, for filesFrom. */
  readonly failedList?: string | undefined
  /** Write one line of JSON for every picture to a file; {shard} in its name becomes 2-of-8. */
  readonly log?: string | undefined
  /** Number of pictures processed at the same time. Default: auto: the number of cores available to this process (Slurm, cgroups, CPU affinity). */
  readonly jobs?: number | string | undefined
  /** Memory for all pictures processed at the same time, such as 2GiB or 50%; a picture that needs more is processed alone. Default: 50% of the memory available to this process. */
  readonly memory?: string | undefined
  /** Process only the i-th of n shards; auto: i and n are taken from the job system (Slurm, Kubernetes, CI); auto/n: only i is. Default: all. */
  readonly shard?: string | undefined
  /** Order: every n-th input; size: shards of about equal size in bytes. Default: 'order'. */
  readonly shardBy?: 'order' | 'size' | undefined
  /** Wait for another batch that writes to the same folder instead of failing. Default: false. */
  readonly wait?: boolean | undefined
}

/** How kernels meet a picture. */
export type CorrelationOptions = {
  /** A name such as gaussian:sigma=2 (convo list kernels), a file such as edge.mat or net.safetensors#conv1.weight, or numbers such as "0 -1 0; -1 5 -1; 0 -1 0". */
  readonly kernel?: KernelInput | undefined
  /** How the picture is extended beyond its edges. Default: replicate, or as set in the kernel file. */
  readonly border?: BorderName | BorderAlias | undefined
  /** Level of the pixels outside, 0..255 at any depth; with border: 'constant', 0 to 255. Default: 0. */
  readonly fill?: number | undefined
  /** The tap that is placed on the output pixel, counted from 0. Default: the middle; floor(k/2) for an even size. */
  readonly anchor?: readonly [x: number, y: number] | undefined
  /** Rotate the kernel by 180°: convolution in the mathematical sense; without it, cross-correlation. Default: false. */
  readonly flip?: boolean | undefined
  /** Divide the sum by this number. Default: the kernel's own. */
  readonly scale?: number | undefined
  /** Divide by the sum of the weights, so that flat areas keep their level. Default: false. */
  readonly normalize?: boolean | undefined
  /** Add this to the result, in levels of 0..255 at any depth. Default: the kernel's own. */
  readonly bias?: number | undefined
  /** Compute only every n-th pixel. Default: 1. */
  readonly stride?: number | readonly number[] | undefined
  /** Distance between neighbouring taps, in pixels. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Pixels added around the picture: same, valid, full, one number, y,x or top,bottom,left,right. Default: the output has the size of the input, divided by the stride. */
  readonly padding?: 'same' | 'valid' | 'full' | readonly number[] | number | undefined
  /** Number of groups that the channels are split into, at least 1. Default: 1. */
  readonly groups?: number | undefined
  /** How to compute: auto chooses by kernel and size; direct is the definition, sum by sum. Default: 'auto'. */
  readonly algorithm?: 'auto' | 'direct' | 'separable' | 'fft' | undefined
}

/** Options of `sobel`. */
export type SobelOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Size of the kernel. Default: 3. */
  readonly size?: 3 | 5 | undefined
  /** X: positive where it gets brighter to the right; y: positive where it gets brighter downwards; magnitude: √(x² + y²); angle: direction of (x, y), -180° is black and 180° white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Scale the result so that a step from black to white gives white; does not change the angle. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `prewitt`. */
export type PrewittOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: positive where it gets brighter to the right; y: positive where it gets brighter downwards; magnitude: √(x² + y²); angle: direction of (x, y), -180° is black and 180° white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Scale the result so that a step from black to white gives white; does not change the angle. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `scharr`. */
export type ScharrOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: positive where it gets brighter to the right; y: positive where it gets brighter downwards; magnitude: √(x² + y²); angle: direction of (x, y), -180° is black and 180° white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Scale the result so that a step from black to white gives white; does not change the angle. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `farid`. */
export type FaridOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: positive where it gets brighter to the right; y: positive where it gets brighter downwards; magnitude: √(x² + y²); angle: direction of (x, y), -180° is black and 180° white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Scale the result so that a step from black to white gives white; does not change the angle. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `roberts`. */
export type RobertsOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** X: positive where it gets brighter to the right; y: positive where it gets brighter downwards; magnitude: √(x² + y²); angle: direction of (x, y), -180° is black and 180° white. Default: 'magnitude'. */
  readonly axis?: 'x' | 'y' | 'magnitude' | 'angle' | undefined
  /** Scale the result so that a step from black to white gives white; does not change the angle. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `kirsch`. */
export type KirschOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Scale the result so that a step from black to white gives white. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `robinson`. */
export type RobinsonOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** 3: Prewitt-like masks of 1s; 5: Sobel-like masks with 2s. Default: 5. */
  readonly level?: 3 | 5 | undefined
  /** Scale the result so that a step from black to white gives white. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `compass`. */
export type CompassOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Scale the result so that a step from black to white gives white. Default: false. */
  readonly unit?: boolean | undefined
}

/** Options of `freiChen`. */
export type FreiChenOptions = Omit<CorrelationOptions, 'kernel' | 'groups'>

/** Options of `laplacian`. */
export type LaplacianOptions = Omit<CorrelationOptions, 'kernel' | 'groups'> & {
  /** Number of neighbours that the middle is compared with. Default: 4. */
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
  /** The second divided by the first, 0.01 to 100. */
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
  /** Standard deviation in the vertical direction, if different, 0.1 to 500. */
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
  /** Smaller differences are not changed, in levels of 0..255, 0 to 255. Default: 0. */
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
  /** Direction across the stripes in degrees, clockwise from the x axis, -360 to 360. Default: 0. */
  readonly theta?: number | undefined
  /** Width of a stripe plus its gap, in pixels, 2 to 500. Default: 6. */
  readonly lambda?: number | undefined
  /** Width of the envelope across the stripes, divided by its length along them, 0.1 to 10. Default: 0.5. */
  readonly gamma?: number | undefined
  /** Phase in degrees: 0 a bright stripe in the middle, 90 an edge, -360 to 360. Default: 0. */
  readonly psi?: number | undefined
  /** Give 0 in flat areas. Default: false. */
  readonly zeroMean?: boolean | undefined
}

/** Options of `canny`. */
export type CannyOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Standard deviation of the blur that is applied first, in pixels; 0 for none, 0 to 100. Default: 1. */
  readonly sigma?: number | undefined
  /** Lowest magnitude of an edge, in levels of 0..255 as from sobel, 0 to 1500. Default: 25.5. */
  readonly low?: number | undefined
  /** Magnitude that an edge must reach somewhere, 0 to 1500. Default: 51. */
  readonly high?: number | undefined
}

/** Options of `structureTensor`. */
export type StructureTensorOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Standard deviation of the neighbourhood, in pixels, 0.1 to 100. Default: 2. */
  readonly sigma?: number | undefined
  /** Coherence: black where all directions are equal, white where there is only one; angle: across the stripes, -90° is black and 90° white; larger, smaller: the eigenvalues, for .npy or range: 'minmax'. Default: 'coherence'. */
  readonly give?: 'coherence' | 'angle' | 'larger' | 'smaller' | undefined
}

/** Options of `harris`. */
export type HarrisOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Standard deviation of the neighbourhood, in pixels, 0.1 to 100. Default: 1. */
  readonly sigma?: number | undefined
  /** How strongly edges are suppressed, 0 to 0.25. Default: 0.05. */
  readonly kappa?: number | undefined
  /** Corners: their contrast; response: R itself, negative at edges and very small, for .npy or range: 'minmax'. Default: 'corners'. */
  readonly give?: 'corners' | 'response' | undefined
}

/** Options of `bilateral`. */
export type BilateralOptions = {
  /** Width of the neighbourhood in pixels, odd. Default: 9. */
  readonly size?: number | undefined
  /** How quickly weights fall with distance (standard deviation, in pixels), 0.1 to 1000. Default: half the radius of the neighbourhood. */
  readonly sigmaSpace?: number | undefined
  /** How quickly weights fall with difference (standard deviation, in levels of 0..255), 0.01 to 1000000. Default: 25. */
  readonly sigmaColor?: number | undefined
}

/** Options of `nlmeans`. */
export type NlmeansOptions = {
  /** Width of the neighbourhood in pixels, odd. Default: 11. */
  readonly size?: number | undefined
  /** Width of a patch in pixels, odd. Default: 5. */
  readonly patch?: number | undefined
  /** How different similar patches may be, in levels of 0..255; about half the standard deviation of the noise, 0.01 to 1000000. Default: 10. */
  readonly strength?: number | undefined
}

/** Options of `guided`. */
export type GuidedOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Radius of the squares, in pixels, 1 to 500. Default: 4. */
  readonly radius?: number | undefined
  /** Contrast that counts as an edge, in levels of 0..255, 0.01 to 1000. Default: 25.5. */
  readonly edge?: number | undefined
  /** Self: each channel guides itself; luminance: one guide for all. Default: 'self'. */
  readonly guide?: 'self' | 'luminance' | undefined
}

/** Options of `wiener`. */
export type WienerOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Expected amount of noise; more is smoother, 1e-9 to 1000000. Default: 0.01. */
  readonly balance?: number | undefined
  /** Kind of noise: equal at all frequencies, or fine grain. Default: 'flat'. */
  readonly penalty?: 'flat' | 'laplacian' | undefined
}

/** Options of `richardsonLucy`. */
export type RichardsonLucyOptions = Pick<CorrelationOptions, 'kernel'> & {
  /** Number of iterations; more is sharper and noisier, 1 to 10000. Default: 20. */
  readonly iterations?: number | undefined
  /** Smaller differences are treated as noise, in levels of 0..255, 0 to 255. Default: 0. */
  readonly damping?: number | undefined
}

/** Options of `median`. */
export type MedianOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `percentile`. */
export type PercentileOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
  /** Percentile: 0 is the smallest sample, 50 the median, 100 the largest, 0 to 100. Default: 50. */
  readonly rank?: number | undefined
}

/** Options of `erode`. */
export type ErodeOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `minimum`. */
export type MinimumOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `dilate`. */
export type DilateOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `maximum`. */
export type MaximumOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `open`. */
export type OpenOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `close`. */
export type CloseOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `gradient`. */
export type GradientOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `tophat`. */
export type TophatOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `blackhat`. */
export type BlackhatOptions = Pick<CorrelationOptions, 'kernel' | 'border' | 'fill'> & {
  /** Width and height of the window in pixels; one number for both, 1 to 1023. Default: 3, or the size of kernel. */
  readonly size?: number | readonly number[] | undefined
  /** Shape of the window. square: a square or rectangle; disk: pixels within (size − 1)/2 of the middle; diamond: the same with the distance along rows and columns; line: as long as the size, at angle. For other shapes use kernel, whose nonzero weights are the window. Default: square. */
  readonly shape?: 'square' | 'disk' | 'diamond' | 'line' | undefined
  /** Direction of a line in degrees, counterclockwise from the x axis, -360 to 360. Default: 0. */
  readonly angle?: number | undefined
}

/** Options of `resize`. */
export type ResizeOptions = {
  /** Width in pixels, 1 to 1000000. Default: from the height. */
  readonly width?: number | undefined
  /** Height in pixels, 1 to 1000000. Default: from the width. */
  readonly height?: number | undefined
  /** Factor of the size, such as 0.5, 50% or 2. Default: 0.5, or none with a width or height. */
  readonly by?: number | string | undefined
  /** With width and height. stretch: exactly that size, ignoring proportions; inside: the largest size that fits; cover: the smallest size that covers it, cropped to its middle. Default: stretch. */
  readonly fit?: 'stretch' | 'inside' | 'cover' | undefined
  /** How samples are weighted: nearest uses one, box is a mean, bilinear a tent, catmull-rom and mitchell are cubics, lanczos2 and lanczos3 windowed sincs. Default: 'lanczos3'. */
  readonly curve?: 'nearest' | 'box' | 'bilinear' | 'catmull-rom' | 'mitchell' | 'lanczos2' | 'lanczos3' | undefined
}

/** Options of `crop`. */
export type CropOptions = {
  /** Width and height in pixels; one number for both, 1 to 1000000. Default: 256. */
  readonly size?: string | undefined
  /** Left and top of the rectangle, counted from 0, at least 0. Default: the middle. */
  readonly at?: readonly [x: number, y: number] | undefined
}

/** Options of `pad`. */
export type PadOptions = Pick<CorrelationOptions, 'border' | 'fill'> & {
  /** Pixels on each side: one number; y,x; or top,bottom,left,right, 0 to 1000000. Default: 16. */
  readonly by?: number | readonly number[] | undefined
}

/** Options of `conv2d`. */
export type Conv2dOptions = CorrelationOptions & {
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `conv3d`. */
export type Conv3dOptions = Omit<CorrelationOptions, 'anchor' | 'stride' | 'dilation' | 'padding' | 'algorithm'> & {
  /** A named kernel. Default: gaussian, or none with kernel. */
  readonly filter?: 'gaussian' | 'sobel' | 'sobel-x' | 'sobel-y' | 'sobel-z' | 'box' | undefined
  /** Standard deviation of gaussian, in samples, 0.1 to 50. Default: 1. */
  readonly sigma?: number | undefined
  /** Compute only every n-th sample, at least 1. Default: 1. */
  readonly stride?: number | readonly number[] | undefined
  /** Distance between neighbouring taps, in samples, at least 1. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Samples added around the volume: same, valid, full, one number or z,y,x. Default: the output has the size of the input, divided by the stride. */
  readonly padding?: 'same' | 'valid' | 'full' | readonly number[] | number | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `pointwise`. */
export type PointwiseOptions = Pick<CorrelationOptions, 'kernel' | 'scale' | 'normalize' | 'bias'> & {
  /** A named matrix. Default: sepia, or none with kernel. */
  readonly preset?: 'sepia' | 'gray' | 'swap' | 'invert' | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `separable`. */
export type SeparableOptions = Omit<CorrelationOptions, 'groups'> & {
  /** Column kernel, with row. Default: factored from kernel. */
  readonly col?: readonly number[] | undefined
  /** Row kernel, with col. Default: factored from kernel. */
  readonly row?: readonly number[] | undefined
  /** Approximate by this number of products of a column and a row, at least 1. Default: the kernel must be separable. */
  readonly rank?: number | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `depthwise`. */
export type DepthwiseOptions = Omit<CorrelationOptions, 'groups'> & {
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `depthwiseSeparable`. */
export type DepthwiseSeparableOptions = Omit<CorrelationOptions, 'groups'> & {
  /** Matrix of the second step, a file or numbers, with a row for each output channel. Default: identity, no mixing. */
  readonly pointwise?: string | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `grouped`. */
export type GroupedOptions = CorrelationOptions & {
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `dilated`. */
export type DilatedOptions = Omit<CorrelationOptions, 'dilation'> & {
  /** The rate l: distance between neighbouring taps, in pixels, at least 1. Default: 2. */
  readonly dilation?: number | readonly number[] | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `transposed`. */
export type TransposedOptions = Pick<CorrelationOptions, 'kernel' | 'flip' | 'scale' | 'normalize' | 'bias' | 'groups'> & {
  /** Number of output pixels per input pixel, at least 1. Default: 2. */
  readonly stride?: number | readonly number[] | undefined
  /** A named kernel for the given stride. Default: bilinear, or none with kernel. */
  readonly upsample?: 'bilinear' | 'nearest' | undefined
  /** Distance between neighbouring taps, in pixels, at least 1. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Pixels removed at the edges of the output: one number, y,x or top,bottom,left,right; of a volume z,y,x, at least 0. Default: 0. */
  readonly padding?: readonly number[] | number | undefined
  /** Rows and columns added at the bottom and on the right; for a volume, also slices at the end, at least 0. Default: 0. */
  readonly outputPadding?: number | readonly number[] | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `maxpool`. */
export type MaxpoolOptions = {
  /** Height and width of the window; for a volume, depth, height and width, at least 1. Default: 2. */
  readonly size?: number | readonly number[] | undefined
  /** Distance between windows, in pixels, at least 1. Default: the size of the window. */
  readonly stride?: number | readonly number[] | undefined
  /** Pixels added around the picture, which are never the maximum, at least 0. Default: 0. */
  readonly padding?: number | readonly number[] | undefined
  /** Distance between the samples of a window, in pixels, at least 1. Default: 1. */
  readonly dilation?: number | readonly number[] | undefined
  /** Let the last windows extend past the edge, so that every pixel counts. Default: false. */
  readonly ceil?: boolean | undefined
  /** Save the positions of the maxima under a name, for unpool with. Default: not saved. */
  readonly switches?: string | undefined
}

/** Options of `unpool`. */
export type UnpoolOptions = Omit<CorrelationOptions, 'stride' | 'dilation' | 'padding' | 'groups' | 'algorithm'> & {
  /** Height and width of the windows, at least 1. Default: 2. */
  readonly size?: number | readonly number[] | undefined
  /** Output the unpooled picture, without the convolution. Default: false. */
  readonly bare?: boolean | undefined
  /** Skip the division: the result is brighter where maxima are close together. Default: false. */
  readonly plain?: boolean | undefined
  /** Unpool by the switches that an earlier maxpool saved under this name with switches. Default: pools first. */
  readonly with?: string | undefined
  /** Function applied to every result; for sigmoid, tanh and similar ones, black is 0 and white is 1, but after normalize and in float arrays, numbers are used as they are. Default: 'none'. */
  readonly activation?: 'none' | 'relu' | 'leakyrelu' | 'sigmoid' | 'tanh' | 'elu' | 'selu' | 'gelu' | 'silu' | 'mish' | 'softplus' | 'hardsigmoid' | 'hardswish' | undefined
}

/** Options of `involution`. */
export type InvolutionOptions = {
  /** How the kernels are computed. Default: bilateral, or none with weights. */
  readonly generator?: 'bilateral' | 'attention' | undefined
  /** Width of the neighbourhood in pixels, odd. Default: 5, or from weights. */
  readonly size?: number | undefined
  /** Bilateral: how quickly weights fall with distance (standard deviation, in pixels), 0.1 to 1000. Default: half the radius of the neighbourhood. */
  readonly sigmaSpace?: number | undefined
  /** Bilateral: how quickly weights fall with difference (standard deviation, in levels of 0..255), 0.01 to 1000000. Default: 25. */
  readonly sigmaRange?: number | undefined
  /** Attention: how different similar patches may be, in levels of 0..255, 0.01 to 1000000. Default: 10. */
  readonly temperature?: number | undefined
  /** Distance between neighbours, in pixels, 1 to 1000. Default: 1. */
  readonly dilation?: number | undefined
  /** With weights: compute only every n-th pixel, at least 1. Default: 1. */
  readonly stride?: number | undefined
  /** A .safetensors file or a folder of .npy files with reduce.weight [R,C,1,1], span.weight [K·K·G,R,1,1] and optionally reduce.bias, span.bias, bn.weight, bn.bias, bn.running_mean, bn.running_var; file#prefix. if the names have a prefix. Default: none, see generator. */
  readonly weights?: string | undefined
}

/** Options of `relu`. */
export type ReluOptions = Readonly<Record<string, never>>

/** Options of `threshold`. */
export type ThresholdOptions = {
  /** The level, 0..255 at any depth. Default: 128. */
  readonly at?: number | undefined
  /** Keep values above the level as they are. Default: false. */
  readonly keep?: boolean | undefined
}

/** Options of `normalize`. */
export type NormalizeOptions = {
  /** Mean to subtract, one number or one per channel, where white is 1. Default: stretch. */
  readonly mean?: readonly number[] | undefined
  /** Standard deviation to divide by, one number or one per channel, not 0. Default: 1, with mean. */
  readonly std?: readonly number[] | undefined
  /** Stretch each channel separately. Default: false. */
  readonly each?: boolean | undefined
}

/** Options of `leakyrelu`. */
export type LeakyreluOptions = {
  /** Factor of negative values. Default: 0.01. */
  readonly slope?: number | undefined
}

/** Options of `prelu`. */
export type PreluOptions = {
  /** One number, or one for each channel. Default: 0.25. */
  readonly slope?: readonly number[] | undefined
}

/** Options of `clip`. */
export type ClipOptions = {
  /** The smallest, in levels of 0..255 at any depth. Default: 0. */
  readonly min?: number | undefined
  /** The largest value, in the same unit. Default: 255. */
  readonly max?: number | undefined
}

/** Options of `sigmoid`. */
export type SigmoidOptions = Readonly<Record<string, never>>

/** Options of `tanh`. */
export type TanhOptions = Readonly<Record<string, never>>

/** Options of `gelu`. */
export type GeluOptions = Readonly<Record<string, never>>

/** Options of `silu`. */
export type SiluOptions = Readonly<Record<string, never>>

/** Options of `batchnorm`. */
export type BatchnormOptions = {
  /** The running mean. Default: 0. */
  readonly mean?: readonly number[] | undefined
  /** The running variance. Default: 1. */
  readonly variance?: readonly number[] | undefined
  /** The scale. Default: 1. */
  readonly gamma?: readonly number[] | undefined
  /** The shift. Default: 0. */
  readonly beta?: readonly number[] | undefined
  /** Added to the variance, at least 0. Default: 0.00001. */
  readonly epsilon?: number | undefined
}

/** Options of `avgpool`. */
export type AvgpoolOptions = {
  /** Height and width of the window, at least 1. Default: 2. */
  readonly size?: number | readonly number[] | undefined
  /** Distance between windows, in pixels, at least 1. Default: 2. */
  readonly stride?: number | readonly number[] | undefined
  /** Pixels added around the picture, which do not count, at least 0. Default: 0. */
  readonly padding?: number | readonly number[] | undefined
}

/** Options of `globalpool`. */
export type GlobalpoolOptions = {
  /** What of a channel. Default: 'mean'. */
  readonly of?: 'mean' | 'max' | 'min' | 'sum' | undefined
}

/** Options of `pixelShuffle`. */
export type PixelShuffleOptions = {
  /** Factor of the width and height, 1 to 64. Default: the largest of 1 to 4 that the channels allow. */
  readonly by?: number | undefined
}

/** Options of `softmax`. */
export type SoftmaxOptions = Readonly<Record<string, never>>

/** Options of `argmax`. */
export type ArgmaxOptions = Readonly<Record<string, never>>

/** Options of `keep`. */
export type KeepOptions = {
  /** The name. Default: 'skip'. */
  readonly as?: string | undefined
}

/** Options of `add`. */
export type AddOptions = {
  /** Name of a result that was saved with keep as. Default: the result itself. */
  readonly with?: string | undefined
}

/** Options of `concat`. */
export type ConcatOptions = {
  /** Name of a result that was saved with keep as. Default: the result itself. */
  readonly with?: string | undefined
}

/** The operations, each a method that adds it to a chain. */
export interface Methods<C> {
  /**
   * Finds edges, with smoothed differences of neighbouring pixels.
   *
   * Source: I. Sobel, G. Feldman 1968: -1 0 1; -2 0 2; -1 0 1 and its transpose; size 5: 1 4 6 4 1 down, -1 -2 0 2 1 across. Raw gain, as in ImageMagick, OpenCV and FFmpeg: a step of 64 levels saturates; scikit-image divides by 4, and the magnitude also by √2.
   */
  sobel(options?: SobelOptions): C

  /**
   * Finds edges, with differences of means of three pixels.
   *
   * Source: J. Prewitt 1970: -1 0 1 in three rows, and its transpose. Raw gain; scikit-image divides by 3.
   */
  prewitt(options?: PrewittOptions): C

  /**
   * Finds edges, with nearly exact directions.
   *
   * Source: H. Scharr 2000: -3 0 3; -10 0 10; -3 0 3 and its transpose, as in OpenCV and libvips. Raw gain; scikit-image divides by 16; FFmpeg has 47 162 47 over 256.
   */
  scharr(options?: ScharrOptions): C

  /**
   * Finds edges, with 5x5 kernels designed for exact directions.
   *
   * Source: H. Farid, E. Simoncelli 2004: matched smoothing and difference filters of five taps, with the numbers of scikit-image.
   */
  farid(options?: FaridOptions): C

  /**
   * Finds edges, with 2x2 kernels along the two diagonals.
   *
   * Source: L. Roberts 1963: x is 1 0; 0 -1, y is 0 1; -1 0, so the angle is that of the gradient plus 135°. The anchor is the lower right tap, floor(2/2); ImageMagick and G’MIC use the upper left. A full horizontal or vertical step gives √2. FFmpeg’s roberts is a different filter.
   */
  roberts(options?: RobertsOptions): C

  /**
   * Finds edges in eight directions and keeps the strongest.
   *
   * Source: R. Kirsch 1971: 5 5 5; -3 0 -3; -3 -3 -3 in 8 rotations; the largest wins. Raw gain 15.
   */
  kirsch(options?: KirschOptions): C

  /**
   * Finds edges in eight directions with the Robinson compass and keeps the strongest.
   *
   * Source: G. Robinson 1977: level 5 is 1 2 1; 0 0 0; -1 -2 -1, level 3 is 1 1 1; 0 0 0; -1 -1 -1, in 8 rotations; the largest wins. Raw gain 4 and 3.
   */
  robinson(options?: RobinsonOptions): C

  /**
   * Finds edges in eight directions with the Prewitt compass and keeps the strongest.
   *
   * Source: J. Prewitt 1970: -1 1 1; -1 -2 1; -1 1 1 in 8 rotations; the largest wins. Raw gain 5. Called Compass in ImageMagick.
   */
  compass(options?: CompassOptions): C

  /**
   * Measures how much of a neighbourhood is an edge, independent of contrast.
   *
   * Source: W. Frei, C. Chen 1977: nine orthonormal masks; the result is √(edge energy / all energy), masks 1 to 4 over 1 to 9. ImageMagick’s set is not orthonormal: two of its masks have a wrong sign.
   */
  freiChen(options?: FreiChenOptions): C

  /**
   * Finds pixels darker or brighter than their neighbours (second derivative).
   *
   * Source: 4 neighbours: 0 1 0; 1 -4 1; 0 1 0; 8 neighbours: 1 1 1; 1 -8 1; 1 1 1. The middle is negative, as in OpenCV and SciPy; positive in scikit-image and ImageMagick. OpenCV’s ksize 3 is 2 0 2; 0 -8 0; 2 0 2.
   */
  laplacian(options?: LaplacianOptions): C

  /**
   * Finds spots and edges of one size, with the Laplacian of a Gaussian.
   *
   * Source: D. Marr, E. Hildreth 1980: (r² − 2σ²)/σ⁴ · exp(−r²/2σ²), cut at trunc(4σ + 0.5), mean removed. Without the factor 1/2πσ² of SciPy and MATLAB, so that the result does not fade as sigma grows. ImageMagick uses the opposite sign.
   */
  log(options?: LogOptions): C

  /**
   * Keeps details between two sizes, with the difference of two Gaussians.
   *
   * Source: G(σ) − G(σ2), G is the filter gaussian; σ2 = 1.6 σ comes nearest to the Laplacian (D. Marr, E. Hildreth 1980).
   */
  dog(options?: DogOptions): C

  /**
   * Draws outlines, with the difference between each pixel and its eight neighbours.
   *
   * Source: -1 -1 -1; -1 8 -1; -1 -1 -1, the negative of laplacian with 8 neighbours; FIND_EDGES in Pillow.
   */
  outline(options?: OutlineOptions): C

  /**
   * Finds bright lines of one direction, one pixel wide.
   *
   * Source: The line masks of the textbooks: -1 -1 -1; 2 2 2; -1 -1 -1 and its rotations. 45 rises to the right; books whose x axis points down call that -45.
   */
  line(options?: LineOptions): C

  /**
   * Blurs with a Gaussian.
   *
   * Source: Exp(−i²/2σ²), normalised to 1, radius trunc(4σ + 0.5): SciPy’s rule. libvips, sharp and ImageMagick cut it earlier; a cut at 3σ loses a thousandth of the weight.
   */
  gaussian(options?: GaussianOptions): C

  /**
   * Blurs with binomial weights, a Gaussian in whole numbers.
   *
   * Source: Row 2r of Pascal’s triangle down and across, over 4^(2r). ImageMagick does not normalise it.
   */
  binomial(options?: BinomialOptions): C

  /**
   * Blurs with the mean of a rectangle.
   *
   * Source: Ones, divided by their number. An even size has its anchor at floor(k/2), as in OpenCV, libvips and SciPy; ImageMagick and G’MIC use (k−1)/2.
   */
  box(options?: BoxOptions): C

  /**
   * Blurs like a lens that is out of focus.
   *
   * Source: Each weight is the area of its pixel inside the circle, normalised to 1, as in MATLAB’s fspecial. The disk of ImageMagick is binary.
   */
  disk(options?: DiskOptions): C

  /**
   * Blurs along a line, like a moving camera.
   *
   * Source: As documented for MATLAB’s fspecial: 1 − the distance to the segment, at least 0, normalised to 1. Length 9 at 0° is nine weights of 1/9.
   */
  motion(options?: MotionOptions): C

  /**
   * Smooths without flattening peaks, or differentiates, by fitting a polynomial along rows or columns.
   *
   * Source: A. Savitzky, M. Golay 1964: smooth5 -3 12 17 12 -3 over 35, smooth7 -2 3 6 7 6 3 -2 over 21, d1 -2 -1 0 1 2 over 10, d2 2 -1 -2 -1 2 over 7. d1 is positive where it gets brighter; SciPy flips it.
   */
  savgol(options?: SavgolOptions): C

  /**
   * Sharpens by amplifying the difference between each pixel and its four neighbours.
   *
   * Source: 0 -1 0; -1 5 -1; 0 -1 0, the picture minus its Laplacian. sharp uses -1 and 32 over 24, Pillow -2 and 32 over 16.
   */
  sharpen(options?: SharpenOptions): C

  /**
   * Sharpens with an unsharp mask: adds the difference from a blurred copy.
   *
   * Source: I + amount (I − G(σ) I) where |I − G(σ) I| exceeds the threshold, otherwise I; G is the filter gaussian.
   */
  unsharp(options?: UnsharpOptions): C

  /**
   * Keeps fine detail: the picture minus its blurred copy, around middle gray.
   *
   * Source: I − G(σ) I, G is the filter gaussian, plus 127.5 levels. bias: 0 range: 'raw' and .npy keep the sign.
   */
  highpass(options?: HighpassOptions): C

  /**
   * Raises contrast relative to a wide neighbourhood, which removes haze.
   *
   * Source: An unsharp mask of a wide blur: I + amount (I − G(σ) I), G is the filter gaussian. -local-contrast of ImageMagick blurs with a tent.
   */
  localContrast(options?: LocalContrastOptions): C

  /**
   * Makes a relief lit from the upper left.
   *
   * Source: -2 -1 0; -1 1 1; 0 1 2, with sum 1. Pillow uses -1 0 0; 0 1 0; 0 0 0 and adds 128.
   */
  emboss(options?: EmbossOptions): C

  /**
   * Responds to stripes of one direction and width.
   *
   * Source: D. Gabor 1946, J. Daugman 1985: exp(−(x′² + γ² y′²)/2σ²) · cos(2π x′/λ + ψ), x′ = x cos θ + y sin θ, divided by the sum of its positive weights, so that matching black and white stripes give white; cut at 4 standard deviations. OpenCV does not normalise it (scale: 1) and uses radians.
   */
  gabor(options?: GaborOptions): C

  /**
   * Draws edges as lines one pixel wide, and drops weak edges that are not connected to strong ones.
   *
   * Source: Canny 1986, as in scikit-image with mode="nearest", of the luminance. In float32, so ties at the last digit may be decided differently. OpenCV uses whole numbers, four directions and no smoothing
   */
  canny(options?: CannyOptions): C

  /**
   * Measures the main direction of a neighbourhood, and how strong it is.
   *
   * Source: Förstner 1986, Bigün and Granlund 1987; channels summed as Di Zenzo 1986. gx and gy are Sobel over 8, so the eigenvalues are 1/64 of scikit-image’s
   */
  structureTensor(options?: StructureTensorOptions): C

  /**
   * Finds corners: bright at corners, black along edges and in flat areas.
   *
   * Source: Harris and Stephens 1988. The fourth root of R is proportional to the contrast of a corner: that of a black and a white area gives white. gx and gy are Sobel over 8, so R is 1/4096 of scikit-image’s corner_harris
   */
  harris(options?: HarrisOptions): C

  /**
   * Smooths but keeps edges: averages neighbours of similar colour.
   *
   * Source: Tomasi and Manduchi 1998; the involution with the generator bilateral. The difference of two colours is the root mean square over channels; OpenCV adds the absolute differences of the channels and uses a round window
   */
  bilateral(options?: BilateralOptions): C

  /**
   * Removes noise: averages pixels whose neighbourhoods are similar.
   *
   * Source: Buades, Coll and Morel 2005; the involution with the generator attention. scikit-image and OpenCV write h² for 2 strength², and subtract the variance of the noise
   */
  nlmeans(options?: NlmeansOptions): C

  /**
   * Smooths but keeps edges, without halos, at any radius.
   *
   * Source: He, Sun and Tang 2013. At the edges, squares include the border; He divides by the pixels inside. edge is the square root of He’s epsilon
   */
  guided(options?: GuidedOptions): C

  /**
   * Removes a known blur in one step, as far as noise allows.
   *
   * Source: Wiener 1949; with penalty: 'laplacian' Hunt 1971, as in scikit-image’s wiener. Its kernel is computed in float64, cut where the rest sums to 1/1024, and applied like any other, so border works (default: symmetric)
   */
  wiener(options: WienerOptions & { readonly kernel: KernelInput }): C

  /**
   * Removes a known blur step by step, without values below black.
   *
   * Source: Richardson 1972, Lucy 1974. Pixels outside that contribute are estimated too, so that borders do not ring (Bertero and Boccacci 2005); scikit-image assumes black. Damping as in White 1994, for uniform noise
   */
  richardsonLucy(options: RichardsonLucyOptions & { readonly kernel: KernelInput }): C

  /**
   * Takes the median of a window: removes specks, keeps edges.
   *
   * Source: Tukey 1971; the rank is the same as in SciPy; with an odd number of pixels, there is only one median
   */
  median(options?: MedianOptions): C

  /**
   * Takes a percentile of a window.
   *
   * Source: SciPy’s percentile_filter; 0 is the smallest, 50 the median, 100 the largest
   */
  percentile(options?: PercentileOptions): C

  /**
   * Takes the minimum of a window: bright parts shrink.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  erode(options?: ErodeOptions): C

  /**
   * Takes the minimum of a window; another name for erode.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  minimum(options?: MinimumOptions): C

  /**
   * Takes the maximum of a window: bright parts grow.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  dilate(options?: DilateOptions): C

  /**
   * Takes the maximum of a window; another name for dilate.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  maximum(options?: MaximumOptions): C

  /**
   * Erodes, then dilates: removes bright parts smaller than the window.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  open(options?: OpenOptions): C

  /**
   * Dilates, then erodes: removes dark parts smaller than the window.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there
   */
  close(options?: CloseOptions): C

  /**
   * Draws outlines: the maximum of a window minus its minimum.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there; Beucher’s gradient. sobel is the gradient of a smoothed picture
   */
  gradient(options?: GradientOptions): C

  /**
   * Keeps bright parts smaller than the window: the picture minus open.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there; Meyer’s white top hat
   */
  tophat(options?: TophatOptions): C

  /**
   * Keeps dark parts smaller than the window: close minus the picture.
   *
   * Source: Serra 1982, flat windows. Pixels outside do not count unless border is set, as in OpenCV; SciPy and scikit-image mirror the picture there; Meyer’s black top hat
   */
  blackhat(options?: BlackhatOptions): C

  /**
   * Resizes the picture.
   *
   * Source: As Pillow, but without rounding and clipping between the two passes. Cubics of Mitchell and Netravali 1988: catmull-rom is Pillow’s BICUBIC, mitchell ImageMagick’s default for enlarging; bicubic of OpenCV has the parameter −0.75 and does not widen the curve when reducing
   */
  resize(options?: ResizeOptions): C

  /**
   * Keeps a rectangle of the picture.
   *
   * Source: Samples are not changed
   */
  crop(options?: CropOptions): C

  /**
   * Adds pixels around the picture.
   *
   * Source: The border modes of convo list borders
   */
  pad(options?: PadOptions): C

  /**
   * Applies any kernel: one plane, a sum over channels, or a bank of filters.
   *
   * Source: LeCun et al. 1998. This is cross-correlation, as in PyTorch and OpenCV; flip gives convolution in the mathematical sense
   */
  conv2d(options: Conv2dOptions & { readonly kernel: KernelInput }): C

  /**
   * Applies a 3-D kernel to a volume.
   *
   * Source: Ji et al. 2013; Tran et al. 2015. Named kernels: gaussian, exp(−r²/2σ²) cut at 4σ as in SciPy; sobel, the length of the gradient by -1 0 1 along one axis and 1 2 1 along the others, divided by 4 so that its gain is that of the 2-D sobel; box, the mean of 3x3x3. A kernel [kD,kH,kW] is applied to each channel
   */
  conv3d(options?: Conv3dOptions): C

  /**
   * Mixes the channels of each pixel: colour matrices and 1x1 layers.
   *
   * Source: Lin, Chen and Yan 2013. sepia: the matrix from Microsoft’s samples; gray: Rec. 709; swap: red and blue; invert: 255 − x. A kernel has a row for each output channel and a column for each input channel
   */
  pointwise(options?: PointwiseOptions): C

  /**
   * Applies a column kernel, then a row kernel: kH + kW weights instead of kH·kW.
   *
   * Source: The kernel must be the outer product of a column and a row; otherwise the error lists its singular values, and rank: 'approximates' it by a sum of such products (Eckart and Young 1936) and reports the error. The default is 1 4 6 4 1 in both directions
   */
  separable(options?: SeparableOptions): C

  /**
   * Applies separate filters to each channel, without a sum over channels.
   *
   * Source: Sifre 2014. A kernel [kH,kW] is used for all channels, [C,kH,kW] has one for each, [C·m,1,kH,kW] has m for each. By default it sharpens
   */
  depthwise(options?: DepthwiseOptions): C

  /**
   * Applies a kernel to each channel, then mixes the channels with a 1x1 convolution.
   *
   * Source: Sifre 2014; Chollet 2017; Howard et al. 2017. By default it sharpens and does not mix
   */
  depthwiseSeparable(options?: DepthwiseSeparableOptions): C

  /**
   * Splits the channels into groups with separate filters; by default, one filter per colour.
   *
   * Source: Krizhevsky, Sutskever and Hinton 2012. By default, red is blurred horizontally and blue vertically, over 9 pixels, and green is not changed
   */
  grouped(options?: GroupedOptions): C

  /**
   * Applies a kernel with gaps between its taps: a larger field with the same weights.
   *
   * Source: Yu and Koltun 2016; the algorithme à trous, Holschneider et al. 1989. By default it sharpens
   */
  dilated(options?: DilatedOptions): C

  /**
   * Upsamples: adds a scaled copy of the kernel to the output for each input pixel.
   *
   * Source: Zeiler et al. 2010; Dumoulin and Visin 2016. By default, each pixel becomes stride x stride pixels, bilinear (Long, Shelhamer and Darrell 2015) or nearest, with repeated edges. A kernel [C,O,kD,kH,kW], or three numbers for stride, take a volume; a kernel [kD,kH,kW] is then applied to each channel
   */
  transposed(options?: TransposedOptions): C

  /**
   * Keeps the largest sample of each window; the default, 2x2, halves the size.
   *
   * Source: Ranzato et al. 2007; PyTorch’s max_pool2d and max_pool3d. Each channel is pooled separately
   */
  maxpool(options?: MaxpoolOptions): C

  /**
   * Upsamples by max pooling, unpooling to the positions of the maxima, and a convolution.
   *
   * Source: Zeiler and Fergus 2014; Noh, Hong and Han 2015. The default kernel is a tent as wide as two windows (for 2x2: 1 2 1 in both directions, divided by 4), with sums divided by the share of weights that met a maximum: normalized convolution, Knutsson and Westin 1993. plain skips the division
   */
  unpool(options?: UnpoolOptions): C

  /**
   * Computes a separate kernel for every pixel from the picture: smooths but keeps edges.
   *
   * Source: Li et al. 2021. bilateral: weights fall with distance and difference (Tomasi and Manduchi 1998); attention: softmax of the similarity of 3x3 patches, which is non-local means (Buades, Coll and Morel 2005); or trained weights from a file
   */
  involution(options?: InvolutionOptions): C

  /**
   * Sets negative values to 0.
   *
   * Source: Nair and Hinton 2010
   */
  relu(options?: ReluOptions): C

  /**
   * Makes values above a level white, all others black.
   *
   * Source: With keep, this is Threshold of PyTorch with value 0
   */
  threshold(options?: ThresholdOptions): C

  /**
   * Stretches values to the full range, or normalizes them with a mean and standard deviation.
   *
   * Source: As Normalize of torchvision, with the same numbers for mean and std. A flat picture becomes black
   */
  normalize(options?: NormalizeOptions): C

  /**
   * Multiplies negative values by a slope.
   *
   * Source: Maas, Hannun and Ng 2013
   */
  leakyrelu(options?: LeakyreluOptions): C

  /**
   * Multiplies negative values by a slope per channel.
   *
   * Source: He et al. 2015
   */
  prelu(options?: PreluOptions): C

  /**
   * Limits samples to a range of levels.
   *
   * Source: PyTorch’s clamp; ReLU6 clips numbers to 0..6: min: 0 max: 6 after normalize
   */
  clip(options?: ClipOptions): C

  /**
   * Maps every sample to 0..1 with the logistic function.
   *
   * Source: The logistic function, Verhulst 1838; black is 0 and white is 1; after normalize and in float arrays, numbers are used as they are
   */
  sigmoid(options?: SigmoidOptions): C

  /**
   * Maps every sample to −1..1 with the hyperbolic tangent.
   *
   * Source: PyTorch’s tanh; levels as for sigmoid
   */
  tanh(options?: TanhOptions): C

  /**
   * Multiplies every sample by the share of a normal distribution below it.
   *
   * Source: Hendrycks and Gimpel 2016; numbers as for sigmoid
   */
  gelu(options?: GeluOptions): C

  /**
   * Multiplies every sample by its sigmoid.
   *
   * Source: Elfwing, Uchibe and Doya 2018; numbers as for sigmoid
   */
  silu(options?: SiluOptions): C

  /**
   * Normalizes every channel with the mean and variance that a network learned.
   *
   * Source: Ioffe and Szegedy 2015, in evaluation; one number, or one for each channel
   */
  batchnorm(options?: BatchnormOptions): C

  /**
   * Takes the mean of every window; the default, 2x2, halves the picture.
   *
   * Source: LeCun et al. 1998; PyTorch’s avg_pool2d with count_include_pad=False
   */
  avgpool(options?: AvgpoolOptions): C

  /**
   * Reduces every channel to one number: its mean or its maximum.
   *
   * Source: Lin, Chen and Yan 2013
   */
  globalpool(options?: GlobalpoolOptions): C

  /**
   * Rearranges channels into pixels: upsampling at the end of networks.
   *
   * Source: Shi et al. 2016; PyTorch’s PixelShuffle
   */
  pixelShuffle(options?: PixelShuffleOptions): C

  /**
   * Turns the channels of every pixel into probabilities, which sum to 1.
   *
   * Source: Bridle 1990; numbers as for sigmoid
   */
  softmax(options?: SoftmaxOptions): C

  /**
   * Finds the channel with the largest value of every pixel.
   *
   * Source: The classes of a segmentation, as in Long, Shelhamer and Darrell 2015; range: 'minmax' makes them visible, .npy keeps them
   */
  argmax(options?: ArgmaxOptions): C

  /**
   * Saves the current result under a name, for a later step of the chain.
   *
   * Source: For skip connections, as in He et al. 2015; add, concat and unpool read it with with
   */
  keep(options?: KeepOptions): C

  /**
   * Adds a result that keep saved.
   *
   * Source: The residual connections of He et al. 2016
   */
  add(options?: AddOptions): C

  /**
   * Appends the channels of a result that keep saved.
   *
   * Source: The skips of Ronneberger, Fischer and Brox 2015
   */
  concat(options?: ConcatOptions): C
}
