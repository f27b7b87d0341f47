// The points at which Winograd's F(4x4, 3x3) and F(2x2, 5x5) evaluate their polynomials: 0, ±5/8, ±3/2 and infinity. With
// the usual 0, ±1, ±2, errors are 5 times as large. All numbers here are exact in float32. The loops of src/wasm read this
// file too, so it has no types.

export const nearPoint = 0.625
export const nearSquare = nearPoint * nearPoint
export const nearCube = nearSquare * nearPoint
export const farPoint = 1.5
export const farSquare = farPoint * farPoint
export const farCube = farSquare * farPoint
export const squaresSum = nearSquare + farSquare
export const squaresProduct = nearSquare * farSquare
