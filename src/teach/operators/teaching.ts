import type { Scene } from '../animate/scene.ts'
import type { SceneOptions, SettingName } from '../animate/settings.ts'
import type { Between } from '../explain/solids.ts'

/** The animations of an operator, and what `explain` draws for it. */
export type Teaching = Between & {
  /** The animations, by the names under which the operator lists them. */
  readonly animations: Readonly<Record<string, Animation>>
}

export type Animation = {
  readonly takes: readonly SettingName[]
  scene(options: SceneOptions): Promise<Scene>
}
