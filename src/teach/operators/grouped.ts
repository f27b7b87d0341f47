import { bankScene, bankSettings } from './conv2d.ts'
import type { Teaching } from './teaching.ts'

export const teaching: Teaching = {
  animations: {
    grouped: {
      takes: bankSettings,
      scene: (options) => bankScene(options, { channels: 4, filters: 4, size: 4, groups: 2, shown: 4 }),
    },
  },
}
