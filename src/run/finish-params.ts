// The layout of the block in memory that describes how a row is finished. The loops of src/wasm read this file too, so
// it has no types.

/** f32: v = sum / scale. */
export const finishScale = 0
/** f32: v = v + offset. */
export const finishOffset = 4
/** f32: with the flag `affine`, v = (v - low) * gain, after the absolute value. */
export const finishLow = 8
/** f32. */
export const finishGain = 12
/** i32, the flags below. */
export const finishFlags = 16
/** i32: 2 or 4 channels of which the last is alpha and is not counted as clipped; 0: all samples count. */
export const finishAlpha = 20
/**
 * The size of the block. Clip counts are in another block: two u32, samples clipped low and high, which loops add to.
 */
export const finishBytes = 32

export const flagAbsolute = 1
export const flagAffine = 2
/** No |sum| exceeds 4096. For magnitudes. */
export const flagSmall = 4
/**
 * The scale is whole and positive, every |sum| is below 2^19, the offset is 0, and no other step is used. For whole
 * sums.
 */
export const flagWhole = 8
