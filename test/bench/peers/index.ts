import type { Peer, PeerEntry, Places } from '../contest.ts'
import { gmic } from './gmic.ts'
import { graphicsmagick } from './graphicsmagick.ts'
import { imagemagick } from './imagemagick.ts'
import { libvips } from './libvips.ts'
import { onnxruntime } from './onnxruntime.ts'
import { opencv } from './opencv.ts'
import { opencvJs } from './opencv-js.ts'
import { scikitImage } from './scikit-image.ts'
import { sharpPeer } from './sharp.ts'
import { tfjs } from './tfjs.ts'

const entries: readonly PeerEntry[] = [
  sharpPeer,
  libvips,
  opencv,
  scikitImage,
  imagemagick,
  graphicsmagick,
  gmic,
  opencvJs,
  tfjs,
  onnxruntime,
]

/**
 * Returns the peers that are installed, and a line for each one that is not. `names` selects those whose name contains
 * one of them.
 */
export async function findPeers(
  places: Places,
  names: readonly string[] | undefined,
): Promise<{ peers: Peer[]; missing: string[] }> {
  const [peers, missing]: [Peer[], string[]] = [[], []]
  for (const entry of entries) {
    if (names !== undefined && !names.some((n) => entry.name.includes(n))) continue
    const peer = await entry.open(places)
    if (peer === undefined) missing.push(`${entry.name}: ${entry.needs}`)
    else peers.push(peer)
  }
  return { peers, missing }
}
