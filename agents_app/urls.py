"""Addresses of the pages."""

from django.urls import path

from agents_app import views

urlpatterns = [
    path("", views.home, name="home"),
    path("inbox/", views.inbox_page, name="inbox"),
    path("notifications/", views.notifications, name="notifications"),
    path("allowed/", views.allowed_from_now_on, name="allowed"),
    path("c/<uuid:public_id>/", views.conversation, name="conversation"),
]
