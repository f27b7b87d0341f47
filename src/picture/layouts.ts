/** Where the channels of an array stand: `chw` first, as networks have them; `hwc` last, as OpenCV, Pillow and imageio. */
export const layouts = ['auto', 'hwc', 'chw'] as const
export type Layout = (typeof layouts)[number]
