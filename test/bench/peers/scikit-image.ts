import { pythonPeer } from './python.ts'

/** scikit-image, for filters that OpenCV does not have. Each channel is filtered separately. */
export const scikitImage = pythonPeer({
  name: 'scikit-image',
  module: 'skimage',
  needs: 'apt-get install python3-skimage, or --python <an interpreter that has skimage>',
  start: `from skimage import restoration
def one_thread():
    pass
def each(x, restore):
    planes = x.reshape(*x.shape[:2], -1)
    made = [restore(planes[..., c].astype(np.float32) / 255) for c in range(planes.shape[2])]
    return np.uint8(np.clip(np.rint(255 * np.stack(made, -1)), 0, 255)).reshape(x.shape)`,
  files: `from skimage import io
def read(path):
    return io.imread(path)
def write(path, out, level):
    io.imsave(path, out, check_contrast=False)`,
  operations: {
    wiener: "each(x, lambda one: restoration.wiener(one, k, s['balance']))",
    'richardson-lucy': "each(x, lambda one: restoration.richardson_lucy(one, k, s['iterations']))",
  },
})
