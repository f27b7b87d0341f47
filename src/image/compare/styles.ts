/**
 * triptych: expected, overlay, actual, side by side. overlay: the expected picture pale and gray, red where pixels count
 * as differing, amber where their difference is tolerated, blue where they are ignored, a frame around each cluster.
 * heat: how far each pixel is off, from black by violet and orange to pale yellow, which is the largest difference; by
 * square roots, and never darker than violet, so that the smallest is seen. mask: white where pixels count as
 * differing, gray where tolerated, black elsewhere.
 */
export const diffStyles = ['triptych', 'overlay', 'heat', 'mask'] as const
export type DiffStyle = (typeof diffStyles)[number]
