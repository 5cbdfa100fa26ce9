"use strict";
// The link in the QR code carries the token after the #, which no server sees. Take it out of the address bar and the
// history at once, and send it in the form.
const token = location.hash.slice(1);
const form = document.getElementById("login");
if (token) {
  history.replaceState(null, "", location.pathname);
  if (form) {
    form.elements.token.value = token;
    form.submit();
  }
}
