import { thinned } from './edges.ts'
import { formula } from './formulas.ts'
import { framed } from './frame.ts'
import type { Layer } from './layer.ts'
import { across, chosen, down } from './resample.ts'
import { ranked } from './windows.ts'

type SettingsOf<L> = L extends Layer<infer S> ? S : never

/** The layers that filters of pictures are made of, by name. */
export const pictureLayers = { framed, ranked, across, down, chosen, thinned, formula } as const

/** The settings of each. */
export type PictureLayerSettings = {
  [K in keyof typeof pictureLayers]: SettingsOf<(typeof pictureLayers)[K]>
}
