import type { PeerEntry } from '../contest.ts'
import { findProgram } from './find.ts'
import { rows } from './libvips.ts'

/** G'MIC, in float32, for pictures of 8 bits. The compression level of its PNGs cannot be set. */
export const gmic: PeerEntry = {
  name: "G'MIC",
  needs: 'apt-get install gmic',
  async open() {
    const found = findProgram(['gmic'], ['version'], /Version ([\d.]+)/)
    return (
      found && {
        name: `G'MIC ${found.version}`,
        command(work) {
          if (work.level !== undefined) return undefined
          const start = [found.path, '-v', '-', work.input]
          const end = ['round', 'cut', '0,255', 'output', work.output]
          if (work.kind === 'gaussian') return [...start, 'blur', `${work.sigma},1,1`, ...end]
          if (work.kind === 'filter') {
            const isWindow = ['median', 'erode', 'dilate'].includes(work.filter)
            return isWindow && work.settings.shape === undefined
              ? [...start, work.filter, String(work.settings.size ?? 3), ...end]
              : undefined
          }
          if (work.kind === 'kernel') {
            const kernel = `(${rows(work.side, work.weights, ',', ';')})`
            return [
              ...start,
              kernel,
              'div[1]',
              String(work.scale),
              'correlate[0]',
              '[1]',
              'remove[1]',
              ...end,
            ]
          }
          const gradients = ['(-1,0,1;-2,0,2;-1,0,1)', '(-1,-2,-1;0,0,0;1,2,1)']
          const both = ['+correlate[0]', '[1]', 'correlate[0]', '[2]', 'remove[1,2]', 'sqr', 'add', 'sqrt']
          return [...start, ...gradients, ...both, ...end]
        },
      }
    )
  },
}
