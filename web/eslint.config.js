import angular from 'angular-eslint';
import tseslint from 'typescript-eslint';

// Angular adds the styles of a component as a <style> element, which the content security policy refuses.
const styles = {
  selector: "Decorator[expression.callee.name='Component'] Property[key.name=/^(styles|styleUrl|styleUrls)$/]",
  message:
    'Styles are in files that src/styles/styles.css imports: the content security policy refuses <style> elements.',
};
const storage = {
  selector: "MemberExpression[object.name='localStorage']",
  message: 'Use LocalSettings (core/settings/local-settings.ts): a browser may refuse its storage.',
};

export default tseslint.config(
  {
    ignores: [
      'dist',
      'node_modules',
      'out-tsc',
      'src/app/gql/{first,generated}.ts',
      'test-results',
      'playwright-report',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommended, ...angular.configs.tsRecommended],
    processor: angular.processInlineTemplates,
    rules: {
      '@angular-eslint/component-selector': ['error', { type: 'element', prefix: 'mf', style: 'kebab-case' }],
      '@angular-eslint/directive-selector': ['error', { type: 'attribute', prefix: 'mf', style: 'camelCase' }],
      '@angular-eslint/prefer-on-push-component-change-detection': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-console': 'error',
      'no-restricted-syntax': ['error', styles, storage],
    },
  },
  { files: ['**/*.spec.ts', 'e2e/**'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['**/*.html'], extends: [...angular.configs.templateRecommended, ...angular.configs.templateAccessibility] },
);
