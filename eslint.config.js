import { builtinModules } from 'node:module';

import eslintComments from '@eslint-community/eslint-plugin-eslint-comments/configs';
import nx from '@nx/eslint-plugin';
import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

import { boundaryConstraints } from './config/package-arrows.js';

const TEST_FILES = ['**/*.test.ts', '**/test/**', 'e2e/**'];
const CONFIG_FILES = ['**/*.config.{ts,js}', 'config/**'];
const MAX_LINES = 400;

/** @param {{ tests: boolean }} options */
const boundaries = ({ tests }) => [
  'error',
  {
    // Not a package: what its tests share.
    allow: ['../../../config/readme.js', '../../config/readme.js'],
    enforceBuildableLibDependency: false,
    // Every package has its own zod, yaml, …; knip checks that each one is declared where it is used.
    banTransitiveDependencies: false,
    depConstraints: boundaryConstraints({ tests }),
  },
];

const bareBuiltins = builtinModules
  .filter((name) => !name.startsWith('node:') && !name.startsWith('_'))
  .map((name) => ({ name, message: `Write 'node:${name}'.` }));

const noEnumOrDefaultExport = [
  { selector: 'TSEnumDeclaration', message: 'Use a union of literals.' },
  {
    selector: 'ExportDefaultDeclaration',
    message: 'Use a named export; only oclif commands and configuration files export a default.',
  },
];

const noEnvironmentVariables = [
  {
    selector: "MemberExpression[object.name='process'][property.name='env']",
    message: 'A library takes options; only the CLI reads the environment.',
  },
  {
    selector: "ImportDeclaration[source.value='node:process'] > ImportSpecifier[imported.name='env']",
    message: 'A library takes options; only the CLI reads the environment.',
  },
  {
    selector: "CallExpression[callee.object.name='process'][callee.property.name='exit']",
    message: 'A library throws; only the CLI picks exit codes.',
  },
];

const FILE_CHANGES =
  '/^(append|chmod|chown|copyFile|cp|create|fchmod|fchown|fdatasync|fsync|ftruncate|futimes|lchmod|lchown|link|lutimes|mkdir|mkdtemp|open|rename|rm|rmdir|symlink|truncate|unlink|utimes|write)/';
const FILE_CHANGES_MESSAGE =
  'Files are changed through @slapos/host (UntrustedDirectory, writeFileAtomically, removeTree): other users own these folders.';

/** `node:fs` may read here; whatever could change a file, under whatever name it is imported, may not be used. */
const noFileChanges = [
  { selector: `MemberExpression[object.name='fs'][property.name=${FILE_CHANGES}]` },
  { selector: "MemberExpression[object.name='fs'][computed=true]" },
  { selector: "MemberExpression[object.name='fs'][property.name='promises']" },
  { selector: `ImportDeclaration[source.value=/^node:fs/] > ImportSpecifier[imported.name=${FILE_CHANGES}]` },
  { selector: 'ImportDeclaration[source.value=/^node:fs/] > ImportSpecifier[imported.name=/^(promises|default)$/]' },
  { selector: "ImportDeclaration[source.value=/^node:fs/] > ImportNamespaceSpecifier[local.name!='fs']" },
  { selector: "ImportDeclaration[source.value=/^node:fs/] > ImportDefaultSpecifier[local.name!='fs']" },
  { selector: 'ImportExpression[source.value=/^node:fs/]' },
].map((restriction) => ({ ...restriction, message: FILE_CHANGES_MESSAGE }));

/** Vitest's own patience of one second is too short for a process to start on a busy machine; `expect.poll` has ours. */
const noImpatience = {
  selector: "CallExpression[callee.object.name='vi'][callee.property.name=/^wait(For|Until)$/][arguments.length<2]",
  message: 'Say how long to wait at most: expect.poll does (config/vitest.ts), or give { timeout }.',
};

export default defineConfig(
  // The files of bin/ only start what a build makes.
  globalIgnores([
    // Handed over as text to the interpreters of instances: not part of a program of ours.
    'packages/*/assets/',
    '**/dist/',
    'packages/*/bin/',
    '**/coverage/',
    '**/test-results/',
    '**/test/fixtures/',
    '**/.slapos/',
    '.nx/',
  ]),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  eslintComments.recommended,
  {
    languageOptions: {
      parserOptions: {
        projectService: { allowDefaultProject: ['eslint.config.js'] },
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': boundaries({ tests: false }),
      '@eslint-community/eslint-comments/require-description': ['error', { ignore: ['eslint-enable'] }],
      '@eslint-community/eslint-comments/disable-enable-pair': ['error', { allowWholeFile: true }],
      eqeqeq: 'error',
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: bareBuiltins }],
      'no-restricted-syntax': ['error', ...noEnumOrDefaultExport],
      'object-shorthand': 'error',
      'prefer-const': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': [
        'error',
        { ignoreArrowShorthand: true, ignoreVoidOperator: true },
      ],
      '@typescript-eslint/no-empty-function': 'off', // The silent logger and the like are made of them.
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // Overflows its stack on recursive types like MarshalInput.
      '@typescript-eslint/require-await': 'off', // A memory adapter fulfils an asynchronous port without awaiting anything.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    },
  },
  {
    name: 'source of packages',
    files: ['packages/*/src/**/*.ts'],
    ignores: TEST_FILES,
    rules: {
      'max-lines': ['error', { max: MAX_LINES }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
    },
  },
  {
    name: 'source of libraries',
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/cli/**', ...TEST_FILES],
    rules: { 'no-restricted-syntax': ['error', ...noEnumOrDefaultExport, ...noEnvironmentVariables] },
  },
  {
    name: 'only @slapos/host changes files of the machine',
    files: ['packages/{collect,format,grid,manager,promise}/src/**/*.ts'],
    ignores: TEST_FILES,
    rules: {
      'no-restricted-syntax': ['error', ...noEnumOrDefaultExport, ...noEnvironmentVariables, ...noFileChanges],
    },
  },
  {
    name: 'only @slapos/host starts processes',
    files: ['packages/*/src/**/*.ts'],
    ignores: ['packages/host/**', ...TEST_FILES],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: [
            ...bareBuiltins,
            { name: 'node:child_process', message: 'Commands run through the CommandRunner of @slapos/host.' },
          ],
        },
      ],
    },
  },
  {
    name: 'oclif commands',
    files: ['packages/cli/src/commands/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...noEnumOrDefaultExport.slice(0, 1)] },
  },
  {
    name: 'tests',
    files: TEST_FILES,
    rules: {
      'no-restricted-syntax': ['error', ...noEnumOrDefaultExport, noImpatience],
      '@nx/enforce-module-boundaries': boundaries({ tests: true }),
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    name: 'configuration files',
    files: CONFIG_FILES,
    rules: { '@nx/enforce-module-boundaries': 'off', 'no-restricted-syntax': 'off' },
  },
  {
    name: 'tools talk to a person',
    files: ['tools/**'],
    rules: { 'no-console': 'off' },
  },
  {
    name: 'casts in JSDoc, which these rules do not see',
    files: ['**/*.mjs'],
    rules: { '@typescript-eslint/no-unsafe-argument': 'off', '@typescript-eslint/no-unsafe-assignment': 'off' },
  },
  { files: ['eslint.config.js'], extends: [tseslint.configs.disableTypeChecked] },
);
