import { packageVitestConfig } from '../../config/vitest.ts';

/**
 * The attack tests are a target of their own, `test:root`, because they make real users and network namespaces. As root they
 * belong to `test` too; for anybody else they are left out, and said to be.
 */
const ROOT_TESTS = 'test/**/*.root.test.ts';
const isRoot = process.getuid?.() === 0;
const onlyRootTests = process.env['npm_lifecycle_event'] === 'test:root';
if (!isRoot && !onlyRootTests) {
  process.stderr.write(
    'The attack tests of @slapos/host are not run: they need root (sudo npm run test:root -w @slapos/host).\n',
  );
}

export default packageVitestConfig({
  ...(onlyRootTests ? { include: [ROOT_TESTS] } : {}),
  ...(isRoot || onlyRootTests ? {} : { exclude: [ROOT_TESTS] }),
});
