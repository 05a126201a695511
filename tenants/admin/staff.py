"""People who sign in to the portal. Who leaves is deactivated, not deleted: the log of what they did stays readable."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from unfold.forms import AdminPasswordChangeForm, UserChangeForm
from unfold.widgets import UnfoldAdminEmailInputWidget, UnfoldAdminPasswordWidget, UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from tenants.models import StaffUser, Tenant
from tenants.operations.staff import create_staff_user
from tenants.portal.cells import moment
from tenants.portal.forms import OperationForm, done, operation_page
from tenants.portal.model_admin import OwnerFilter, RegistryModelAdmin


class NewStaffForm(OperationForm):
    fields_of_codes = {"conflict": "username"}

    username = forms.CharField(max_length=150, widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off"}))
    tenant = forms.ModelChoiceField(
        queryset=Tenant.objects.order_by("name"),
        required=False,
        empty_label="None: platform staff",
        widget=UnfoldAdminSelectWidget(),
        help_text="An operator sees this tenant's rows and no other's; platform staff see all",
    )
    first_name = forms.CharField(max_length=150, required=False, widget=UnfoldAdminTextInputWidget())
    last_name = forms.CharField(max_length=150, required=False, widget=UnfoldAdminTextInputWidget())
    email = forms.EmailField(required=False, widget=UnfoldAdminEmailInputWidget())
    password = forms.CharField(widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}), strip=False)

    def clean_username(self) -> str:
        username: str = self.cleaned_data["username"]
        StaffUser.username_validator(username)
        if StaffUser.objects.filter(username=username).exists():
            raise forms.ValidationError("somebody has this user name")
        return username


@admin.register(StaffUser)
class StaffUserAdmin(RegistryModelAdmin[StaffUser], UserAdmin):  # type: ignore[misc,type-arg]  # generic in the stubs only, and mixed
    form = UserChangeForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "tenant", "is_active", "signed_in")
    list_filter = (OwnerFilter, "is_active")
    list_select_related = ("tenant",)
    search_fields = ("username", "first_name", "last_name", "email")
    ordering = ("username",)
    fieldsets = (
        (None, {"fields": (("username", "tenant"), "password", "is_active")}),
        ("Person", {"fields": (("first_name", "last_name"), "email")}),
        ("More", {"fields": (("signed_in", "joined"),)}),
    )
    readonly_fields = ("tenant", "signed_in", "joined")
    filter_horizontal = ()

    @admin.display(description="Last signed in")
    def signed_in(self, user: StaffUser) -> str:
        return moment(user.last_login)

    @admin.display(description="Since")
    def joined(self, user: StaffUser) -> str:
        return moment(user.date_joined)

    def name_in_log(self, obj: StaffUser) -> str:
        return obj.get_username()

    def get_fieldsets(self, request: HttpRequest, obj: StaffUser | None = None) -> Any:  # noqa: ANN401
        return self.fieldsets

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied

        def run(values: dict[str, Any]) -> HttpResponse:
            user = create_staff_user(**values)
            self.log_addition(request, user, "Created.")
            return done(request, f"{user.get_username()} can sign in.", self.change_url(user))

        form = NewStaffForm(request.POST or None)
        return operation_page(request, self, form=form, title="Add staff", button="Add", run=run)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(RegistryModelAdmin[Group]):
    """What operators of tenants may do; set by create_staff_user."""

    list_display = ("name",)
    ordering = ("name",)
    fields = ("name", "permissions")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:  # noqa: ANN401
        return False
