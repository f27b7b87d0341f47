import type { Peer } from '../contest.ts'
import { sharpPeer } from './sharp.ts'

/** The peers that are there; sharp always is. `folder` holds the node_modules of those that convo does not depend on. */
export async function findPeers(_folder: string | undefined, _sharpAlone: boolean): Promise<Peer[]> {
  return [sharpPeer]
}
