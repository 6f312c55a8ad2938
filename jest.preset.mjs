/** Shared by every package's jest.config.mjs: native ESM, TypeScript by swc, packages resolved to each other's source. */
export default {
  testEnvironment: new URL('./tools/jest/environment.mjs', import.meta.url).pathname,
  testEnvironmentOptions: { customExportConditions: ['@tacojs/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2022' }, module: { type: 'es6' } },
    ],
  },
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  moduleFileExtensions: ['ts', 'js', 'mjs', 'json', 'node'],
  testMatch: ['<rootDir>/src/**/*.test.ts'],
  // some tests specialize a whole model: seconds on a quiet machine, minutes on a busy one
  testTimeout: 300_000,
}
