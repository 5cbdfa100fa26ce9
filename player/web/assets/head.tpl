<!doctype html>
<html lang="{{_.language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" content="#f6f4ef" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#171614" media="(prefers-color-scheme: dark)">
<title>{{title}}</title>
<link rel="stylesheet" href="{{asset('remote.css')}}">
<link rel="icon" href="{{asset('icon.svg')}}" type="image/svg+xml">
<link rel="apple-touch-icon" href="{{asset('icon-180.png')}}">
<meta name="mobile-web-app-capable" content="yes">
<meta name="apple-mobile-web-app-title" content="longtake">
<link rel="manifest" href="{{asset('longtake.webmanifest')}}">
