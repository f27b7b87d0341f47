import { writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import type { PeerEntry } from '../contest.ts'
import { findProgram } from './find.ts'

/** The command of libvips, as typed by a user without special wishes. */
export const libvips: PeerEntry = {
  name: 'libvips',
  needs: 'apt-get install libvips-tools',
  async open() {
    const vips = findProgram(['vips'], ['--version'], /vips-([\d.]+)/)
    return (
      vips && {
        name: `libvips ${vips.version}`,
        encodes: true,
        command(work) {
          const settings =
            codings[extname(work.output)] ?? (work.level && `compression=${work.level},filter=all`)
          const output = settings === undefined ? work.output : `${work.output}[${settings}]`
          if (work.kind === 'sobel') return [vips.path, 'sobel', work.input, output]
          if (work.kind === 'gaussian')
            return [vips.path, 'gaussblur', work.input, output, String(work.sigma)]
          if (work.kind === 'filter') {
            const { size = 3, by, shape } = work.settings
            if (shape !== undefined) return undefined
            const last = Number(size) ** 2 - 1
            const ranks: Record<string, number> = { erode: 0, median: last / 2, dilate: last }
            const rank = ranks[work.filter]
            if (work.filter === 'resize')
              return [vips.path, 'resize', work.input, output, String(by), '--kernel', 'cubic']
            return rank === undefined
              ? undefined
              : [vips.path, 'rank', work.input, output, String(size), String(size), String(rank)]
          }
          const { side, weights, scale } = work
          const matrix = join(work.folder, 'kernel.mat')
          writeFileSync(matrix, `${side} ${side} ${scale} 0\n${rows(side, weights, ' ', '\n')}\n`)
          return [vips.path, 'conv', work.input, output, matrix]
        },
      }
    )
  },
}

/** convo's default encoder settings, as options of libvips. */
const codings: Readonly<Record<string, string>> = {
  '.jpg': 'Q=90,subsample-mode=off',
  '.webp': 'lossless,near-lossless=false',
  '.tif': 'compression=deflate,predictor=horizontal',
  '.avif': 'Q=80,subsample-mode=off',
}

/** Returns the weights of a square kernel as text. */
export const rows = (side: number, weights: readonly number[], between: string, after: string): string =>
  Array.from({ length: side }, (_, y) => weights.slice(y * side, (y + 1) * side).join(between)).join(after)
