/** A colour for each label: black for 0, then well-separated colours, as in the palette of the PASCAL VOC challenge. */
export const labelPalette = (): readonly number[] =>
  Array.from({ length: 256 }, (_, label) => {
    const colour = [0, 0, 0]
    for (let bit = 7, rest = label; bit >= 0; bit--, rest >>= 3) {
      for (let c = 0; c < 3; c++) colour[c]! |= ((rest >> c) & 1) << bit
    }
    return colour
  }).flat()

/**
 * Evenly spaced colours from the smallest number to the largest, RGB in hexadecimal. viridis and magma are by van der Walt
 * and Smith (2015), turbo is by Mikhailov (2019). Linear interpolation between every fifth of their 256 colours is within
 * one level.
 */
const heats = {
  gray: '000000ffffff',
  viridis:
    '44015446085c471063481769481d6f482475472a7a46307e453781433d844142873f48893d4e8a3a538b38598c355e8d33638d31' +
    '688e2e6d8e2c718e2a768e297b8e27808e25848e23898e218e8d20928c1f978b1e9c891fa18821a58524aa8328ae802eb37c35b7' +
    '793dbc7446c06f50c46a5ac86465cb5e70cf577cd25089d54895d840a2da37b0dd2fbddf26cae11fd8e219e5e419f1e51dfde725',
  magma:
    '00000402020b0504160907200e0b2b140e361a104221114e29115a311165390f6e420f754a107952137c5a167e6219806a1c8172' +
    '1f81792282812581892881912b81992d80a1307eaa337db2357bba3878c23b75ca3e72d2426fd9466be04c67e75263ec5860f160' +
    '5df4695cf7725cf97b5dfb8560fc8e64fd9869fea16efeaa74feb47bfebd82fec68afecf92fed89afde2a3fdebacfcf4b6fcfdbf',
  turbo:
    '30123b36215f3b2f803f3e9c424bb54559cb4666dd4773eb4680f6458cfd4099ff38a5fb2fb2f427bee91fc9dd1ad4d018ddc21a' +
    'e4b622ebaa2ff19b3ff68a52fa7a65fd6979fe598bff4b9cfe40a9fb39b7f735c3f134d0ea34dbe236e5d938eecf3af5c53afaba' +
    '39fdae35fea130fe932afc8423f9751df46617ef5811e84b0ce14109d83706ce2d04c32503b71d02a916019b0f018b09027a0403',
} as const

export type HeatName = keyof typeof heats
export const heatNames = Object.keys(heats) as readonly HeatName[]

/** The 256 colours of a palette for numbers, as RGB triples of 0 to 255. */
export function heatPalette(name: HeatName): readonly number[] {
  const levels = Buffer.from(heats[name], 'hex')
  const steps = levels.length / 3 - 1
  return Array.from({ length: 768 }, (_, i) => {
    const at = (Math.floor(i / 3) * steps) / 255
    const k = Math.min(Math.floor(at), steps - 1)
    const [from, to] = [levels[3 * k + (i % 3)]!, levels[3 * k + 3 + (i % 3)]!]
    return Math.round(from + (at - k) * (to - from))
  })
}
