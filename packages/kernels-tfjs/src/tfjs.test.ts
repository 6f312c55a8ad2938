import { conformance } from '@tacojs/conformance'
import { tfjs } from './index.js'

conformance({ backend: tfjs({ engine: 'cpu' }), test, describe })
conformance({ backend: tfjs({ engine: 'wasm' }), test, describe })
