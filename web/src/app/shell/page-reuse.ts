import { Injectable } from '@angular/core';
import { type ActivatedRouteSnapshot, BaseRouteReuseStrategy, type Data } from '@angular/router';

/** Of a route: each time that it is opened, it has a page of its own. */
export const APART: Data = { isApart: true };

/** Pages stay where only their address changes, except those that have one thing for as long as they are there. */
@Injectable({ providedIn: 'root' })
export class PageReuse extends BaseRouteReuseStrategy {
  override shouldReuseRoute(future: ActivatedRouteSnapshot, current: ActivatedRouteSnapshot): boolean {
    return super.shouldReuseRoute(future, current) && future.routeConfig?.data?.['isApart'] !== true;
  }
}
