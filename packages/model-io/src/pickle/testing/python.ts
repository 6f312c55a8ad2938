import { execFileSync } from 'node:child_process'

/** Runs a program of Python's standard library and returns what it prints; undefined where there is no Python. */
export function python(program: string, ...args: readonly string[]): string | undefined {
  try {
    execFileSync('python3', ['--version'], { stdio: 'ignore' })
  } catch {
    return undefined
  }
  return execFileSync('python3', ['-c', program, ...args], { encoding: 'utf8' })
}

/**
 * Writes `<folder>/<name>` with Python's own pickle and zipfile, from classes that stand under torch's names: `zip.pt`, and
 * `legacy.pt`. Both hold the same: tensors of several types, a view with strides, a parameter, two views of one storage.
 */
export const savesLikeTorch = `
import argparse, collections, pickle, struct, sys, types, zipfile
torch = types.ModuleType('torch'); torch._utils = types.ModuleType('torch._utils')
sys.modules['torch'] = torch; sys.modules['torch._utils'] = torch._utils
def function(module, name):
    def stands_for(*args): raise RuntimeError(name)
    stands_for.__module__ = module.__name__; stands_for.__name__ = stands_for.__qualname__ = name
    setattr(module, name, stands_for)
    return stands_for
rebuild = function(torch._utils, '_rebuild_tensor_v2'); rebuild_parameter = function(torch._utils, '_rebuild_parameter')
formats = dict(Double='d', Float='f', Half='e', Long='q', Int='i', Short='h', Char='b', Byte='B', Bool='?')
for name in list(formats) + ['BFloat16']: setattr(torch, name + 'Storage', type(name + 'Storage', (), {'__module__': 'torch'}))
class Storage:
    def __init__(self, kind, values):
        self.kind, self.numel = getattr(torch, kind + 'Storage'), len(values)
        if kind == 'BFloat16': self.data = b''.join(struct.pack('<f', v)[2:] for v in values)
        else: self.data = struct.pack('<%d%s' % (len(values), formats[kind]), *values)
class Tensor:
    def __init__(self, storage, shape, strides=None, offset=0):
        if strides is None:
            strides, n = [], 1
            for s in reversed(shape): strides.insert(0, n); n *= s
        self.args = (storage, offset, tuple(shape), tuple(strides), False, collections.OrderedDict())
    def __reduce_ex__(self, protocol): return rebuild, self.args
class Parameter:
    def __init__(self, tensor): self.tensor = tensor
    def __reduce_ex__(self, protocol): return rebuild_parameter, (self.tensor, True, collections.OrderedDict())
shared = Storage('Float', range(24))
state = collections.OrderedDict()
state['module.weight'] = Tensor(shared, [2, 3], [1, 8], 2)
state['module.bias'] = Parameter(Tensor(shared, [4], None, 20))
for kind, values in dict(Double=[1.5, -2], Half=[.5, -4], BFloat16=[1, -3], Long=[-1, 2**40], Int=[-5, 6], Short=[-7, 8], Char=[-9, 10], Byte=[11, 250], Bool=[True, False]).items():
    state['module.' + kind] = Tensor(Storage(kind, values), [2])
state['module.scalar'] = Tensor(Storage('Long', [7]), [])
state['module.none'] = Tensor(Storage('Float', []), [0, 3])
state._metadata = collections.OrderedDict({'': {'version': 1}})
value = {'epoch': 300, 'metric': 81.25, 'arch': 'x', 'args': argparse.Namespace(lr=.1, names=['a'], big=10**9), 'state_dict': state, 'more': [None, (1, 2, 3, 4), -70000, 'ü' * 300]}
class Saver(pickle.Pickler):
    def __init__(self, out, legacy): super().__init__(out, protocol=int(sys.argv[2])); self.legacy, self.storages = legacy, []
    def persistent_id(self, value):
        if not isinstance(value, Storage): return None
        if value not in self.storages: self.storages.append(value)
        key = str(self.storages.index(value))
        return ('storage', value.kind, key, 'cpu', value.numel) + ((None,) if self.legacy else ())
import io
out = io.BytesIO(); saver = Saver(out, False); saver.dump(value)
with zipfile.ZipFile(sys.argv[1] + '/zip.pt', 'w', allowZip64=True) as z:
    z.writestr('archive/data.pkl', out.getvalue()); z.writestr('archive/byteorder', 'little')
    for i, s in enumerate(saver.storages):
        with z.open('archive/data/%d' % i, 'w', force_zip64=True) as f: f.write(s.data)
with open(sys.argv[1] + '/legacy.pt', 'wb') as f:
    pickle.dump(0x1950a86a20f9469cfc6c, f, protocol=2); pickle.dump(1001, f, protocol=2)
    pickle.dump(dict(protocol_version=1001, little_endian=True, type_sizes=dict(short=2, int=4, long=4)), f, protocol=2)
    saver = Saver(f, True); saver.dump(value)
    pickle.dump([str(i) for i in range(len(saver.storages))], f, protocol=2)
    for s in saver.storages: f.write(struct.pack('<q', s.numel) + s.data)
`

/** Reads an archive with Python's zipfile and pickletools, which find it sound or fail; prints its names. */
export const readsLikePython = `
import json, pickletools, sys, zipfile
z = zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None
pickletools.dis(z.read('archive/data.pkl'), out=open('/dev/null', 'w'))
print(json.dumps([i.filename for i in z.infolist()]))
`
