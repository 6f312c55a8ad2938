export { oracleOperators, runOracle } from './oracle/index.js'
