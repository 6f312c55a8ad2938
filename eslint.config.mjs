import nx from '@nx/eslint-plugin'
import tseslint from 'typescript-eslint'

const floors = ['base', 0, 1, 2, 3, 4, 5, 6, 9]

export default tseslint.config(
  {
    ignores: ['**/dist', '**/generated', '**/node_modules', '**/assembly/**', '**/bin/**', 'benchmarks/**', '**/*.mjs'],
  },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          enforceBuildableLibDependency: false,
          allow: [],
          depConstraints: [
            ...floors.map((floor, i) => ({
              sourceTag: `floor:${floor}`,
              onlyDependOnLibsWithTags: floors.slice(0, i).map((f) => `floor:${f}`),
            })),
            { sourceTag: 'env:any', onlyDependOnLibsWithTags: ['env:any'] },
          ],
        },
      ],
    },
  },
)
