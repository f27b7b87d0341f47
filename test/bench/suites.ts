/** Suites of problems by name. */
export const suites: Readonly<Record<string, readonly string[]>> = {
  core: [
    'conv2d 3x3 u8 rgb 4000x3000',
    'sharpen u8 rgb 4000x3000',
    'sobel u8 rgb 4000x3000',
    ...[3, 5, 7].map((k) => `conv2d ${k}x${k} f32 gray 4000x3000`),
    ...[15, 31, 63].map((k) => `conv2d ${k}x${k} f32 gray 4000x3000`),
    ...[5, 7, 15, 31].map((k) => `conv2d ${k}x${k} u8 rgb 4000x3000`),
    ...[2, 5, 20].map((sigma) => `gaussian sigma=${sigma} u8 rgb 4000x3000`),
    'box size=11 u8 rgb 4000x3000',
  ],
  small: [
    'conv2d 3x3 u8 rgb 2MP',
    'conv2d 5x5 u8 rgb 2MP',
    ...[3, 5, 7].map((k) => `conv2d ${k}x${k} f32 gray 2MP`),
    ...[15, 31].map((k) => `conv2d ${k}x${k} f32 gray 2MP`),
    'gaussian sigma=5 u8 rgb 2MP',
  ],
  bank: [
    'bank 64x56x56 64f 3x3 s1',
    'bank 64x56x56 64f 1x1 s1',
    'bank 64x56x56 64f 3x3 s2',
    'bank 64x56x56 64f 3x3 s1 g4',
    'bank 64x56x56 64f 3x3 s1 depthwise',
    'bank 64x56x56 64f 3x3 s1 d2',
    'bank 64x56x56 64f 3x3 s1 transposed',
    'bank 64x56x56 64f 3x3 s2 transposed',
  ],
  flat: [
    ...[5, 10, 20, 50, 100, 200].map((r) => `box size=${2 * r + 1} u8 rgb 2MP`),
    ...[1.67, 3.33, 6.67, 16.67, 33.33, 66.67].map((sigma) => `gaussian sigma=${sigma} u8 rgb 2MP`),
    ...[15, 31, 63, 127].map((k) => `conv2d ${k}x${k} f32 gray 2MP`),
  ],
  windows: [
    ...[3, 5, 31].map((size) => `median size=${size} u8 rgb 4000x3000`),
    ...[3, 31].map((size) => `erode size=${size} u8 rgb 4000x3000`),
    ...[
      'dilate size=31',
      'open size=9',
      'close size=9',
      'gradient',
      'tophat size=9',
      'blackhat size=9',
      'canny',
      'bilateral',
    ].map((filter) => `${filter} u8 gray 4000x3000`),
    ...[5, 31].map((size) => `process median size=${size} scene`),
    'process erode size=31 scene',
  ],
  filters: [
    ...['highpass', 'local-contrast', 'guided', 'harris', 'structure-tensor'].map(
      (filter) => `${filter} u8 gray 4000x3000`,
    ),
    'nlmeans u8 gray 2MP',
    ...[
      ...['open size=9', 'close size=9', 'gradient', 'tophat size=9', 'blackhat size=9', 'dilate size=9'],
      ...['canny', 'bilateral', 'guided', 'highpass', 'local-contrast'],
      ...['wiener', 'richardson-lucy'].map((filter) => `${filter} kernel=gaussian:sigma=2`),
      ...['resize curve=catmull-rom by=0.5', 'resize curve=catmull-rom by=2', 'crop size=1000', 'pad by=100'],
    ].map((filter) => `process ${filter} scene`),
  ],
  threads: [
    'conv2d 11x11 f32 gray 4000x3000 direct threads=1,2',
    'conv2d 31x31 f32 gray 4000x3000 threads=1,2',
    'gaussian sigma=20 u8 rgb 4000x3000 threads=1,2',
    'median size=31 u8 rgb 4000x3000 threads=1,2',
    'bank 64x112x112 64f 3x3 s1 threads=1,2',
  ],
  process: [
    'process version',
    'process sobel scene',
    'process sharpen scene',
    ...[5, 7, 15].map((k) => `process conv2d ${k}x${k} scene`),
    ...[2, 5, 20].map((sigma) => `process gaussian sigma=${sigma} scene`),
  ],
  encoding: [
    'process sharpen scene from=jpg to=jpg',
    'process conv2d 3x3 scene from=jpg to=jpg',
    ...['webp', 'tif', 'gif', 'avif'].map((to) => `process sharpen scene to=${to}`),
  ],
}

/** The problems of `--quick` and the digests of their results; null if the result is a file or a time. */
export const quick: Readonly<Record<string, string | null>> = {
  'conv2d 3x3 u8 rgb 640x480': '5646a1db204270e3',
  'conv2d 7x7 u8 rgb 641x483': '262758ee1756c895',
  'conv2d 15x15 u8 gray 640x480 float': 'f6a29a14ed3d9d65',
  'conv2d 5x5 f32 gray 640x480': 'a3bbf3cfc4b8ab0c',
  'sobel u8 rgb 640x480': 'aea7ef0b6e85a290',
  'gaussian sigma=5 u8 rgb 640x480': '7872f36784f3da50',
  'box size=41 u8 rgb 640x480': '34b4e6475bf4edc1',
  'conv2d 9x9 f32 gray 1000x800 direct threads=2': 'e6f327337bef614a',
  'bank 16x28x28 32f 3x3 s1': '7b0f7274cfff23c3',
  'bank 16x28x28 16f 3x3 s2 depthwise': 'b2dfa659e8fd4b2c',
  'bank 16x28x28 16f 3x3 s2 g4 transposed': 'c0f183ccff9abe78',
  'process sobel scene': null,
  'process version': null,
}
