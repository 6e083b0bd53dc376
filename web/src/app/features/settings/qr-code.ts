import { ChangeDetectionStrategy, Component, input, resource } from '@angular/core';

/** A text as a QR code: dark on light in both colour schemes, since cameras read it so. What makes it is loaded with the first one. */
@Component({
  selector: 'mf-qr-code',
  changeDetection: ChangeDetectionStrategy.OnPush,
  host: { class: 'qr-code' },
  template: `
    @if (drawn.hasValue()) {
      <svg
        role="img"
        [attr.aria-label]="label()"
        [attr.viewBox]="'0 0 ' + drawn.value().size + ' ' + drawn.value().size"
      >
        <path [attr.d]="drawn.value().path" />
      </svg>
    }
  `,
})
export class QrCode {
  readonly text = input.required<string>();
  readonly label = input.required<string>();
  protected readonly drawn = resource({
    params: () => this.text(),
    loader: async ({ params }) => {
      const { encode } = await import('uqr');
      const { data, size } = encode(params, { ecc: 'M', border: 2 });
      return { size, path: pathOf(data) };
    },
  });
}

/** One path for all dark fields: a square each. */
export function pathOf(rows: readonly (readonly boolean[])[]): string {
  return rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
}
