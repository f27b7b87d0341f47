/** A colour for each label: black for 0, then colours far from each other, after the palette of the PASCAL VOC challenge. */
export const palette: readonly number[] = Array.from({ length: 256 }, (_, label) => {
  const colour = [0, 0, 0]
  for (let bit = 7, rest = label; bit >= 0; bit--, rest >>= 3) {
    for (let c = 0; c < 3; c++) colour[c]! |= ((rest >> c) & 1) << bit
  }
  return colour
}).flat()
