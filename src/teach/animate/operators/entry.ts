import type { Scene } from '../scene.ts'
import type { SceneOptions, SettingName } from '../settings.ts'

/** An operator that can be watched at work. */
export type Animation = {
  /** The options that say something to it. */
  readonly takes: readonly SettingName[]
  scene(options: SceneOptions): Promise<Scene>
}
