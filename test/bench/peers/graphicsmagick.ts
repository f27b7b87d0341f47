import type { PeerEntry } from '../contest.ts'
import { findProgram } from './find.ts'

/** GraphicsMagick. It normalizes every kernel, and cannot compute the magnitude of gradients. */
export const graphicsmagick: PeerEntry = {
  name: 'GraphicsMagick',
  needs: 'apt-get install graphicsmagick',
  async open() {
    const gm = findProgram(['gm'], ['version'], /GraphicsMagick ([\d.]+)/)
    return (
      gm && {
        name: `GraphicsMagick ${gm.version}`,
        command(work) {
          if (work.kind !== 'gaussian' && work.kind !== 'kernel') return undefined
          // The tens are the compression level; 5 is the adaptive row filter.
          const quality = work.level === undefined ? [] : ['-quality', String(work.level * 10 + 5)]
          const operation =
            work.kind === 'gaussian' ? ['-blur', `0x${work.sigma}`] : ['-convolve', work.weights.join(',')]
          return [gm.path, 'convert', work.input, ...operation, ...quality, work.output]
        },
      }
    )
  },
}
