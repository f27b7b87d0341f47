import { pythonPeer } from './python.ts'

/** The filters with a flat window. */
const morphologies = ['erode', 'dilate', 'open', 'close', 'gradient', 'tophat', 'blackhat'] as const

/** OpenCV, or NumPy if OpenCV does not have a function. */
export const opencv = pythonPeer({
  name: 'OpenCV',
  module: 'cv2',
  needs: 'apt-get install python3-opencv, or --python <an interpreter that has cv2>',
  start: `import cv2
edge = cv2.BORDER_REPLICATE
axes = ((1, 0), (0, 1))
def one_thread():
    cv2.setNumThreads(1)
def blur(x, sigma):
    return cv2.GaussianBlur(x, (0, 0), sigma, borderType=edge)
def slopes(x, scale=1):
    return (cv2.Sobel(x, cv2.CV_32F, *axis, scale=scale, borderType=edge) for axis in axes)
def coherence(x, sigma):
    gx, gy = slopes(x, 1 / 8 / 255)
    xx, xy, yy = (blur(p, sigma) for p in (gx * gx, gx * gy, gy * gy))
    return cv2.convertScaleAbs(255 * ((xx - yy) ** 2 + 4 * xy ** 2) / np.maximum((xx + yy) ** 2, 1e-30))
def element(size=3, shape='square', **other):
    y, x = np.abs(np.mgrid[:size, :size] - size // 2)
    inside = {'square': y >= 0, 'disk': y * y + x * x <= (size // 2) ** 2, 'diamond': y + x <= size // 2}
    return inside[shape].astype(np.uint8)
def middle(x, side):
    y, left = ((n - side) // 2 for n in x.shape[:2])
    return x[y:y + side, left:left + side]`,
  files: `def read(path):
    return cv2.imread(path, cv2.IMREAD_UNCHANGED)
def write(path, out, level):
    cv2.imwrite(path, out, [] if level is None else [cv2.IMWRITE_PNG_COMPRESSION, level])`,
  operations: {
    kernel: 'cv2.filter2D(x, -1, k, dst=out, borderType=edge)',
    gaussian: "cv2.GaussianBlur(x, (0, 0), s['sigma'], dst=out, borderType=edge)",
    box: "cv2.blur(x, (s['size'], s['size']), dst=out, borderType=edge)",
    sobel: 'cv2.convertScaleAbs(cv2.magnitude(*slopes(x)), dst=out)',
    highpass: "cv2.addWeighted(x, 1, blur(x, s['sigma']), -1, 127.5, dst=out)",
    'local-contrast': "cv2.addWeighted(x, 1 + s['amount'], blur(x, s['sigma']), -s['amount'], 0, dst=out)",
    median: "cv2.medianBlur(x, s['size'], dst=out)",
    ...Object.fromEntries(
      morphologies.map((name) => [
        name,
        `cv2.morphologyEx(x, cv2.MORPH_${name.toUpperCase()}, element(**s), dst=out)`,
      ]),
    ),
    canny: "cv2.Canny(blur(x, s['sigma']), 4 * s['low'], 4 * s['high'], edges=out, L2gradient=True)",
    bilateral: "cv2.bilateralFilter(x, s['size'], s['sigma-color'], (s['size'] - 1) / 4, dst=out)",
    guided: "cv2.ximgproc.guidedFilter(x, x, s['radius'], s['edge'] ** 2, dst=out)",
    nlmeans: "cv2.fastNlMeansDenoising(x, out, 2 ** 0.5 * s['strength'], s['patch'], s['size'])",
    // a square window as wide as convo's Gaussian; the tensor is divided by 64, not by 16
    harris:
      "cv2.convertScaleAbs(cv2.pow(cv2.max(cv2.cornerHarris(x, 5, 3, s['kappa']), 0), 0.25), alpha=2 * 255)",
    'structure-tensor': "coherence(x, s['sigma'])",
    // its cubic curve always uses 16 pixels; for reduction it has means over areas
    resize:
      "cv2.resize(x, None, fx=s['by'], fy=s['by'], interpolation=cv2.INTER_AREA if s['by'] < 1 else cv2.INTER_CUBIC)",
    crop: "middle(x, s['size'])",
    pad: "cv2.copyMakeBorder(x, *[s['by']] * 4, edge)",
  },
})
