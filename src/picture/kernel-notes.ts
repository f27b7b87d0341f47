import type { PlaneKernel } from '../conv/recipe.ts'
import { directionText, isTurned } from '../kernel/analyse.ts'
import { isInline } from '../kernel/inline.ts'
import type { Kernel } from '../kernel/kernel.ts'
import type { Step } from '../operators/operator.ts'
import type { Settings } from './settings.ts'

/**
 * Adds notes to a step whose kernel or kernel size the user chose: on what other tools would interpret in another way.
 */
export function withKernelNotes(step: Step, kernel: Kernel | undefined, settings: Settings): Step {
  const notes = [...rowNote(kernel, settings), ...turnNote(kernel, settings), ...anchorNote(step, settings)]
  if (notes.length === 0) return step
  return {
    ...step,
    // the step may add notes when it has run
    get notes() {
      return [...(step.notes ?? []), ...notes]
    },
  }
}

/** ImageMagick and FFmpeg read nine numbers on one line as a square. */
function rowNote(kernel: Kernel | undefined, { kernel: source }: Settings): string[] {
  if (kernel === undefined || typeof source !== 'string' || !isInline(source)) return []
  const [height, width] = kernel.shape
  const side = Math.sqrt(width ?? 0)
  const isRow = kernel.shape.length === 2 && height === 1 && side > 1 && side % 2 === 1
  if (!isRow || /[:[({]/.test(source)) return []
  return [`the ${width} numbers were read as one row; put a semicolon after every ${side} for a square`]
}

/** A tool that both convolves and correlates uses one kernel in two ways. */
function turnNote(kernel: Kernel | undefined, { flip }: Settings): string[] {
  if (kernel === undefined || flip === true || !isTurned(kernel)) return []
  const { direction } = kernel
  if (direction.other === undefined) return []
  return [`the kernel is ${directionText(direction)}; --flip uses it as written, like ${direction.other}`]
}

/** The anchor of an even size is a matter of choice, and moves the picture by a pixel. */
function anchorNote(step: Step, { anchor, padding }: Settings): string[] {
  if (step.kernels === undefined || anchor !== undefined || step.kernels.options.anchor !== undefined)
    return []
  const isSame = padding?.every((p) => p === 'same') ?? true
  const even = step.kernels.recipe.kernels.find(
    (k) => anchorOf(k) === undefined && sizeOf(k).some((n) => n % 2 === 0),
  )
  if (!isSame || even === undefined) return []
  const [kH, kW] = sizeOf(even)
  const at = (half: (n: number) => number) => `${half(kW)},${half(kH)}`
  return [
    `a kernel of ${kW}x${kH} has its anchor at ${at((n) => Math.floor(n / 2))}, as in OpenCV and libvips; ` +
      `--anchor ${at((n) => Math.floor((n - 1) / 2))} is that of PyTorch, and of ImageMagick and G'MIC where they correlate`,
  ]
}

const anchorOf = (k: PlaneKernel) => (k.form === 'dense' ? k.kernel.anchor : k.anchor)

const sizeOf = (k: PlaneKernel): readonly [kH: number, kW: number] =>
  k.form === 'dense' ? [k.kernel.shape[0]!, k.kernel.shape[1]!] : [k.col.length, k.row.length]
