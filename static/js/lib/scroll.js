// Follows the end of a conversation while the reader is there, and leaves them alone when they are not.
const NEAR_END = 90;
// What stands beneath a question at the end: who is waited for, and some air.
const BELOW = 120;

export class Follower {
  #scroller;
  #pill;
  #isFollowing = true;
  // Something was shown from its top: the end is near then, and not what the reader is at until they go there.
  #isReading = false;
  #lastTop = 0;
  #observer = new ResizeObserver(() => this.#grown());
  #onScroll = () => this.#scrolled();
  #onPill = () => this.toEnd();

  constructor(scroller, content, pill) {
    this.#scroller = scroller;
    this.#pill = pill;
    scroller.addEventListener("scroll", this.#onScroll, { passive: true });
    pill.addEventListener("click", this.#onPill);
    this.#observer.observe(content);
    this.#observer.observe(scroller);
  }

  stop() {
    this.#observer.disconnect();
    this.#scroller.removeEventListener("scroll", this.#onScroll);
    this.#pill.removeEventListener("click", this.#onPill);
  }

  /** Something new was added at the end; say so if it is out of sight. */
  noteNews() {
    if (!this.#isFollowing) this.#pill.hidden = false;
  }

  toEnd() {
    this.#isFollowing = true;
    this.#isReading = false;
    this.#pill.hidden = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Bring something into view that has to be read: from its top where it is higher than the view. */
  show(element) {
    const isHigh = this.#isHigh(element);
    const isStill = isHigh || matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (isHigh) this.#isFollowing = false;
    this.#isReading = isHigh;
    element.scrollIntoView({ block: isHigh ? "start" : "nearest", behavior: isStill ? "instant" : "smooth" });
    // That was no movement of the reader's.
    if (isHigh) this.#lastTop = this.#scroller.scrollTop;
  }

  /** The same of what arrives by itself: what fits is in view at the end, and a reader who is elsewhere stays there. */
  showNew(element) {
    if (this.#isFollowing && this.#isHigh(element)) this.show(element);
  }

  #isHigh(element) {
    return element.offsetHeight + BELOW > this.#scroller.clientHeight;
  }

  #grown() {
    if (this.#isFollowing) this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.#scroller;
    // Only moving up is the reader's wish to stay: content that grew before this event arrived is no reason.
    const movedUp = scrollTop < this.#lastTop;
    if (scrollTop > this.#lastTop) this.#isReading = false;
    this.#lastTop = scrollTop;
    if (!this.#isReading && scrollHeight - scrollTop - clientHeight < NEAR_END) this.#isFollowing = true;
    else if (movedUp) this.#isFollowing = false;
    if (this.#isFollowing) this.#pill.hidden = true;
  }
}
