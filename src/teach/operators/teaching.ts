import type { Explanation } from '../../operators/explain.ts'
import type { Scene } from '../animate/scene.ts'
import type { SceneOptions, SettingName } from '../animate/settings.ts'
import type { Piece } from '../explain/solids.ts'

/** What is shown and drawn of an operator. */
export type Teaching = {
  /** What can be watched at work, by the names under which the operator lists it. */
  readonly animations: Readonly<Record<string, Animation>>
  /** What is between input and output in a drawing; a bank by default. */
  between?(e: Explanation): readonly Piece[]
  /** True where no window of the input makes a sample of the output. */
  readonly isWindowless?: true
}

/** An operator at work. */
export type Animation = {
  /** The options that say something to it. */
  readonly takes: readonly SettingName[]
  scene(options: SceneOptions): Promise<Scene>
}
