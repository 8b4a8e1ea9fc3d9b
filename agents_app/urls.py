"""Addresses of the pages."""

from django.urls import path

from agents_app import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox_page, name="inbox"),
    path("notifications/", views.notifications, name="notifications"),
    path("c/<uuid:public_id>/", views.conversation, name="conversation"),
]
